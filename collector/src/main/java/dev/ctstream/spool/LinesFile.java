package dev.ctstream.spool;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;

/**
 * A small text file of the spool's directory: a title, then lines of fields between single spaces. It is replaced as a
 * whole, in one step.
 *
 * <p>Threads: confined to its owner's.
 *
 * <p>Errors: IOException of the file system; {@link IllegalArgumentException} for contents of another form.
 */
final class LinesFile {
    private final SpoolFileSystem files;
    private final Path file;
    private final String title;
    private final int fields;
    private final int mostBytes;

    /**
     * The file; it need not exist.
     *
     * @param fields number of fields of a line
     * @param mostBytes that are read
     */
    LinesFile(SpoolFileSystem files, Path file, String title, int fields, int mostBytes) {
        this.files = files;
        this.file = file;
        this.title = title;
        this.fields = fields;
        this.mostBytes = mostBytes;
    }

    Path path() {
        return file;
    }

    /** The fields of each line; none when there is no file. */
    List<String[]> read() throws IOException {
        if (files.facts(file) == null) {
            return List.of();
        }
        ByteBuffer bytes = ByteBuffer.allocate(mostBytes);
        try (FileChannel channel = files.openRead(file)) {
            while (bytes.hasRemaining() && channel.read(bytes, bytes.position()) > 0) {
                // until the end
            }
        }
        List<String> lines = UTF_8.decode(bytes.flip()).toString().lines().toList();
        if (lines.isEmpty() || !lines.get(0).equals(title)) {
            throw new IllegalArgumentException("it does not begin with \"" + title + "\"");
        }
        return lines.stream().skip(1).map(this::split).toList();
    }

    private String[] split(String line) {
        String[] split = line.split(" ", -1);
        if (split.length != fields) {
            throw new IllegalArgumentException("a line does not have " + fields + " fields");
        }
        return split;
    }

    /** Replaces the file. */
    void write(List<String> lines) throws IOException {
        StringBuilder text = new StringBuilder(title).append('\n');
        lines.forEach(line -> text.append(line).append('\n'));
        files.replace(file, UTF_8.encode(text.toString()));
    }
}
