package dev.ctstream.spool;

import dev.ctstream.batch.ControlRecord.Topic;
import dev.ctstream.netlink.ErrorText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The topics of the runs that have batches in the spool, and of the newest run before this one, in a file:
 *
 * <pre>
 *  ctstream topics 1
 *  stream_epoch events_id events_partitions control_id control_partitions
 * </pre>
 *
 * one line for each run, {@code -} for an id that is not known. The file is replaced as a whole. Without it, or when it
 * cannot be read, the batches of earlier runs go to the partitions that the topics have now.
 *
 * <p>Threads: any.
 *
 * <p>Errors: one that prevents the file from being written is logged once; the topics are kept in memory.
 */
final class TopicsFile {
    private static final Logger LOG = LoggerFactory.getLogger(TopicsFile.class);
    private static final String TITLE = "ctstream topics 1";
    private static final String UNKNOWN = "-";
    private static final int FIELDS = 5;
    /** Some thousand runs. */
    private static final int MOST_BYTES = 1 << 18;

    private final LinesFile file;
    private final NavigableMap<Long, RunTopics> byEpoch = new TreeMap<>();
    private boolean failing;

    private TopicsFile(SpoolFileSystem files, Path directory) {
        file = new LinesFile(files, path(directory), TITLE, FIELDS, MOST_BYTES);
    }

    static Path path(Path directory) {
        return directory.resolve("topics");
    }

    /** Reads the file if there is one. */
    static TopicsFile open(SpoolFileSystem files, Path directory) {
        TopicsFile opened = new TopicsFile(files, directory);
        try {
            opened.read();
        } catch (IOException | IllegalArgumentException e) {
            opened.byEpoch.clear();
            LOG.warn(
                    "file is not used, batches of earlier runs go to the partitions that the topics have now file={}: {}",
                    opened.file.path(),
                    ErrorText.of(e));
        }
        return opened;
    }

    private void read() throws IOException {
        for (String[] fields : file.read()) {
            byEpoch.put(
                    Long.parseLong(fields[0]), new RunTopics(topic(fields[1], fields[2]), topic(fields[3], fields[4])));
        }
    }

    private static Topic topic(String id, String partitions) {
        int count = Integer.parseInt(partitions);
        if (count < 1) {
            throw new IllegalArgumentException("a topic has " + count + " partitions");
        }
        return new Topic(id.equals(UNKNOWN) ? null : id, count);
    }

    /** The topics of a run; null = not known. */
    synchronized @Nullable RunTopics of(long epoch) {
        return byEpoch.get(epoch);
    }

    /** The topics of the newest run before this one; null = not known. */
    synchronized @Nullable RunTopics before(long epoch) {
        var entry = byEpoch.lowerEntry(epoch);
        return entry == null ? null : entry.getValue();
    }

    /**
     * Keeps the topics of a run.
     *
     * @param oldestEpoch of the runs that have batches in the spool; earlier ones are forgotten, but for the newest
     */
    synchronized void keep(long epoch, RunTopics topics, long oldestEpoch) {
        byEpoch.put(epoch, topics);
        Long before = byEpoch.lowerKey(epoch);
        byEpoch.headMap(oldestEpoch).keySet().removeIf(run -> run != epoch && !run.equals(before));
        store();
    }

    /** Writes the file again, for instance because the directory was removed. */
    synchronized void store() {
        if (byEpoch.isEmpty()) {
            return;
        }
        List<String> lines = new ArrayList<>();
        byEpoch.forEach((epoch, topics) -> lines.add(epoch + words(topics.events()) + words(topics.control())));
        try {
            file.write(lines);
            failing = false;
        } catch (IOException e) {
            if (!failing) {
                LOG.warn(
                        "file cannot be written, a restart may spread a run's zones anew file={}: {}",
                        file.path(),
                        ErrorText.reason(e));
            }
            failing = true;
        }
    }

    private static String words(Topic topic) {
        String id = topic.id();
        return " " + (id == null ? UNKNOWN : id) + " " + topic.partitions();
    }
}
