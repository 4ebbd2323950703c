package dev.ctstream.publish;

import dev.ctstream.batch.ControlRecord.Topic;
import dev.ctstream.spool.RunTopics;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** Remembers what a publisher said of the topics. */
public final class TestTopics implements Publisher.TopicsListener {
    final List<RunTopics> found = new CopyOnWriteArrayList<>();
    final List<Boolean> differ = new CopyOnWriteArrayList<>();
    final List<String> changes = new CopyOnWriteArrayList<>();

    /** Topics with these ids and numbers of partitions. */
    public static RunTopics of(@Nullable String events, int eventPartitions, String control, int controlPartitions) {
        return new RunTopics(new Topic(events, eventPartitions), new Topic(control, controlPartitions));
    }

    @Override
    public boolean found(RunTopics topics, boolean changed) {
        found.add(topics);
        differ.add(changed);
        return true;
    }

    @Override
    public void changed(String what) {
        changes.add(what);
    }
}
