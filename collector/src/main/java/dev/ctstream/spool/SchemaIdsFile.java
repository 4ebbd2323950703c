package dev.ctstream.spool;

import dev.ctstream.netlink.ErrorText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ids that a schema registry gave to our schemas, in the file {@code schema-ids} of the spool's directory, so that a
 * collector can start while the registry is away:
 *
 * <pre>
 *  ctstream schema ids 1
 *  registry subject fingerprint id
 * </pre>
 *
 * one line for each. The file is replaced as a whole.
 *
 * <p>Threads: confined to one.
 *
 * <p>Errors: a file that cannot be read has no ids; one that cannot be written is logged.
 */
public final class SchemaIdsFile {
    private static final Logger LOG = LoggerFactory.getLogger(SchemaIdsFile.class);
    private static final String TITLE = "ctstream schema ids 1";
    private static final int FIELDS = 4;
    private static final int MOST_BYTES = 1 << 16;

    private final LinesFile file;

    /**
     * The file of a spool; it need not exist.
     *
     * @param directory of the spool
     */
    public SchemaIdsFile(Path directory) {
        file = new LinesFile(SpoolFileSystem.HOST, directory.resolve("schema-ids"), TITLE, FIELDS, MOST_BYTES);
    }

    /**
     * Whose id it is.
     *
     * @param registry its addresses
     * @param fingerprint of the schema
     */
    public record Key(String registry, String subject, long fingerprint) {
        private String words() {
            return registry + " " + subject + " " + String.format("%016x", fingerprint);
        }
    }

    /** The id that the registry gave; empty when it is not known. */
    public OptionalInt id(Key key) {
        Integer id = read().get(key.words());
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    private Map<String, Integer> read() {
        Map<String, Integer> ids = new TreeMap<>();
        try {
            for (String[] fields : file.read()) {
                ids.put(String.join(" ", fields[0], fields[1], fields[2]), Integer.parseInt(fields[3]));
            }
        } catch (IOException | IllegalArgumentException e) {
            LOG.warn("schema ids are not taken from the file file={}: {}", file.path(), ErrorText.of(e));
            ids.clear();
        }
        return ids;
    }

    /** Keeps ids beside those of other registries; does nothing when they are known. */
    public void keep(Map<Key, Integer> found) {
        Map<String, Integer> ids = read();
        Map<String, Integer> before = Map.copyOf(ids);
        found.forEach((key, id) -> ids.put(key.words(), id));
        if (ids.equals(before)) {
            return;
        }
        List<String> lines = new ArrayList<>();
        ids.forEach((key, id) -> lines.add(key + " " + id));
        try {
            file.write(lines);
        } catch (IOException e) {
            LOG.warn(
                    "file cannot be written, a restart needs the schema registry file={}: {}",
                    file.path(),
                    ErrorText.reason(e));
        }
    }
}
