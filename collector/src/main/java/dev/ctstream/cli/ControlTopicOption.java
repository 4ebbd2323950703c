package dev.ctstream.cli;

import picocli.CommandLine.Option;

/** The topic with the control records. */
public final class ControlTopicOption {
    @Option(
            names = "--control-topic",
            paramLabel = "T",
            converter = Converters.Topic.class,
            defaultValue = "conntrack.control",
            description = "Topic with the control records. Default: ${DEFAULT-VALUE}.")
    private String name = "";

    /** Its name. */
    public String name() {
        return name;
    }
}
