package dev.ctstream.spool;

import dev.ctstream.segment.BatchEnvelope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The directory of one chain and the names of its files: the spool's directory for events, {@code control} in it for
 * control records.
 *
 * @param kind {@link BatchEnvelope#EVENTS} or {@link BatchEnvelope#CONTROL}
 */
record ChainDirectory(SpoolFileSystem files, Path path, int kind) {
    /** Name of the directory of the control records. */
    static final String CONTROL = "control";

    private static final String SEGMENT_SUFFIX = ".segment";
    private static final String DAMAGED_SUFFIX = ".damaged";
    private static final Pattern NUMBERED = Pattern.compile("(\\d{16,18})\\.segment(\\.damaged)?");

    /** The chain of events of a spool. */
    static ChainDirectory events(SpoolFileSystem files, Path spool) {
        return new ChainDirectory(files, spool, BatchEnvelope.EVENTS);
    }

    /** The chain of control records of a spool. */
    static ChainDirectory control(SpoolFileSystem files, Path spool) {
        return new ChainDirectory(files, spool.resolve(CONTROL), BatchEnvelope.CONTROL);
    }

    /** The segment files, by name; empty when there is no such directory. */
    List<Path> segments() throws IOException {
        List<Path> segments = new ArrayList<>();
        for (Path file : files.list(path, SEGMENT_SUFFIX)) {
            if (NUMBERED.matcher(name(file)).matches()) {
                segments.add(file);
            }
        }
        return segments;
    }

    /** The id after the highest id among the existing files. */
    long nextId() throws IOException {
        long next = 1;
        List<Path> all = new ArrayList<>(segments());
        all.addAll(files.list(path, DAMAGED_SUFFIX));
        for (Path file : all) {
            Matcher name = NUMBERED.matcher(name(file));
            next = name.matches() ? Math.max(next, Long.parseLong(name.group(1)) + 1) : next;
        }
        return next;
    }

    /** The id of a segment file. */
    static long id(Path file) {
        Matcher name = NUMBERED.matcher(name(file));
        if (!name.matches()) {
            throw new IllegalArgumentException(file.toString());
        }
        return Long.parseLong(name.group(1));
    }

    Path segmentFile(long id) {
        return path.resolve(String.format("%016d%s", id, SEGMENT_SUFFIX));
    }

    /** Sets aside an unreadable file for later inspection; only the last one is kept. */
    void setAside(Path file) throws IOException {
        for (Path earlier : files.list(path, DAMAGED_SUFFIX)) {
            files.delete(earlier);
        }
        files.rename(file, file.resolveSibling(name(file) + DAMAGED_SUFFIX));
    }

    private static String name(Path file) {
        return String.valueOf(file.getFileName());
    }
}
