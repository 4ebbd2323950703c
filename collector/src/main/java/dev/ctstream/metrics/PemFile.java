package dev.ctstream.metrics;

import dev.ctstream.netlink.RegularFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The blocks of a PEM file; what stands between them is left out.
 *
 * <p>Source: RFC 7468.
 */
final class PemFile {
    private static final int MOST_BYTES = 1 << 20;
    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\\s]*)-----END \\1-----");

    private PemFile() {}

    /**
     * A block.
     *
     * @param label for instance CERTIFICATE
     * @param base64 the content, with line ends
     */
    record Block(String label, String base64) {
        /** The content; an {@link IllegalArgumentException} when it is no Base64. */
        byte[] der() {
            return Base64.getMimeDecoder().decode(base64);
        }
    }

    /** The file's text; more than 1 MiB is cut off. */
    static String read(Path file) throws IOException {
        RegularFile.require(file);
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(MOST_BYTES), StandardCharsets.ISO_8859_1);
        }
    }

    /** The blocks of a text, in their order. */
    static List<Block> blocks(String text) {
        return BLOCK.matcher(text)
                .results()
                .map(found -> new Block(found.group(1), found.group(2)))
                .toList();
    }
}
