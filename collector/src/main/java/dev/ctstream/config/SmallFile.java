package dev.ctstream.config;

import dev.ctstream.netlink.RegularFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files that a person wrote. At most 1 MiB is read, or what the caller says, whatever the path names. */
public final class SmallFile {
    private static final int MAX_BYTES = 1 << 20;

    private SmallFile() {}

    /** The file's bytes; an {@link IOException} when there are more. */
    public static byte[] read(Path file) throws IOException {
        return read(file, MAX_BYTES);
    }

    /** The file's bytes; an {@link IOException} when there are more than so many. */
    public static byte[] read(Path file, int mostBytes) throws IOException {
        RegularFile.require(file);
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(mostBytes + 1);
            if (bytes.length > mostBytes) {
                throw new IOException("longer than " + mostBytes + " bytes");
            }
            return bytes;
        }
    }

    /** The file's text, UTF-8. */
    public static String text(Path file) throws IOException {
        return new String(read(file), StandardCharsets.UTF_8);
    }
}
