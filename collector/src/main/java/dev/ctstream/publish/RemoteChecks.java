package dev.ctstream.publish;

import dev.ctstream.metrics.Check;
import java.util.ArrayList;
import java.util.List;

/** The checks of what is not on this host: brokers, topics, and the schema registry if one is configured. */
public final class RemoteChecks {
    private RemoteChecks() {}

    /** Checks everything without creating or changing anything. Takes some seconds at most. */
    public static List<Check> look(PublishConfig config) throws InterruptedException {
        List<Check> checks = new ArrayList<>(Topics.check(config));
        checks.addAll(SchemaIds.check(config));
        return checks;
    }
}
