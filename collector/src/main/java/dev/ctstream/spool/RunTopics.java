package dev.ctstream.spool;

import dev.ctstream.batch.ControlRecord.Topic;

/** The topics of one run. Its batches keep their partitions as long as these are the topics. */
public record RunTopics(Topic events, Topic control) {
    /** Whether one of the topics is not the same any more, or has fewer partitions. */
    public boolean replacedBy(RunTopics other) {
        return events.replacedBy(other.events) || control.replacedBy(other.control);
    }
}
