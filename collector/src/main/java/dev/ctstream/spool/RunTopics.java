package dev.ctstream.spool;

import dev.ctstream.batch.ControlRecord.Topic;

/** The topics of one run. Its batches keep their partitions as long as these are the topics. */
public record RunTopics(Topic events, Topic control) {
    /** These, with the ids of the others where they are not known yet. */
    public RunTopics named(RunTopics others) {
        return new RunTopics(events.named(others.events), control.named(others.control));
    }

    /** Whether one of the topics is not the same any more, or has fewer partitions. */
    public boolean replacedBy(RunTopics other) {
        return events.replacedBy(other.events) || control.replacedBy(other.control);
    }
}
