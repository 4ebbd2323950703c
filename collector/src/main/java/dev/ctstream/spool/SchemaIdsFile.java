package dev.ctstream.spool;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ctstream.netlink.ErrorText;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
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

    private final SpoolFileSystem files = SpoolFileSystem.HOST;
    private final Path directory;
    private final Path file;

    /**
     * The file of a spool; it need not exist.
     *
     * @param directory of the spool
     */
    public SchemaIdsFile(Path directory) {
        this.directory = directory;
        file = directory.resolve("schema-ids");
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
            if (files.facts(file) == null) {
                return ids;
            }
            ByteBuffer bytes = ByteBuffer.allocate(MOST_BYTES);
            try (FileChannel channel = files.openRead(file)) {
                while (bytes.hasRemaining() && channel.read(bytes, bytes.position()) > 0) {
                    // until the end
                }
            }
            List<String> lines = UTF_8.decode(bytes.flip()).toString().lines().toList();
            if (lines.isEmpty() || !lines.get(0).equals(TITLE)) {
                throw new IllegalArgumentException("it does not begin with \"" + TITLE + "\"");
            }
            for (String line : lines.subList(1, lines.size())) {
                String[] fields = line.split(" ", -1);
                if (fields.length != FIELDS) {
                    throw new IllegalArgumentException("a line does not have " + FIELDS + " fields");
                }
                int end = line.lastIndexOf(' ');
                ids.put(line.substring(0, end), Integer.parseInt(line.substring(end + 1)));
            }
        } catch (IOException | IllegalArgumentException e) {
            LOG.warn("schema ids are not taken from the file file={}: {}", file, ErrorText.of(e));
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
        StringBuilder text = new StringBuilder(TITLE).append('\n');
        ids.forEach((key, id) -> text.append(key).append(' ').append(id).append('\n'));
        Path unfinished = file.resolveSibling("schema-ids.new");
        try {
            files.delete(unfinished);
            try (FileChannel channel = files.createNew(unfinished)) {
                ByteBuffer bytes = UTF_8.encode(text.toString());
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            files.rename(unfinished, file);
            files.syncDirectory(directory);
        } catch (IOException e) {
            LOG.warn(
                    "file cannot be written, a restart needs the schema registry file={}: {}",
                    file,
                    ErrorText.reason(e));
        }
    }
}
