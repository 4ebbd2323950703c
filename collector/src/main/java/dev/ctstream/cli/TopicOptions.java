package dev.ctstream.cli;

import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The two topics, for commands that read both. */
public final class TopicOptions {
    @Option(
            names = "--topic",
            paramLabel = "T",
            converter = Converters.Topic.class,
            defaultValue = "conntrack.events",
            description = "Topic with the events. Default: ${DEFAULT-VALUE}.")
    private String events = "";

    @Mixin
    private ControlTopicOption control = new ControlTopicOption();

    /** The topic with the events. */
    public String events() {
        return events;
    }

    /** The topic with the control records. */
    public String control() {
        return control.name();
    }
}
