package dev.ctstream.cli.bundle;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Writes small regular files into a tar file.
 *
 * <p>A header has 512 bytes; numbers are octal digits. The checksum is the sum of all its bytes, with blanks in its own
 * place:
 *
 * <pre>
 *    0 name 100 | 100 mode 8 | 108 uid 8 | 116 gid 8 | 124 size 12 | 136 mtime 12 | 148 checksum 8 | 156 type 1
 *  157 link 100 | 257 "ustar\0" "00" | 265 names of owner and group 64 | 329 device 16 | 345 prefix 155
 * </pre>
 *
 * <p>Ownership: owns the stream. Source: POSIX.1-2017, pax, "ustar Interchange Format".
 */
final class TarFile implements AutoCloseable {
    private static final int BLOCK = 512;
    private static final int NAME_BYTES = 100;
    private static final int CHECKSUM = 148;
    private static final int CHECKSUM_END = 156;
    private static final int TYPE = 156;
    private static final int MAGIC = 257;
    private static final int END_BLOCKS = 2;

    private final OutputStream out;
    private final long seconds;

    /**
     * Begins a file.
     *
     * @param seconds since the epoch; the time of every file in it
     */
    TarFile(OutputStream out, long seconds) {
        this.out = out;
        this.seconds = seconds;
    }

    /** Adds a file; the name is ASCII. */
    void add(String name, byte[] content) throws IOException {
        byte[] header = new byte[BLOCK];
        byte[] ascii = name.getBytes(StandardCharsets.US_ASCII);
        if (ascii.length >= NAME_BYTES) {
            throw new IllegalArgumentException(name);
        }
        System.arraycopy(ascii, 0, header, 0, ascii.length);
        octal(header, 100, 7, 0600);
        octal(header, 108, 7, 0);
        octal(header, 116, 7, 0);
        octal(header, 124, 11, content.length);
        octal(header, 136, 11, seconds);
        header[TYPE] = '0';
        System.arraycopy("ustar\00000".getBytes(StandardCharsets.US_ASCII), 0, header, MAGIC, 8);
        Arrays.fill(header, CHECKSUM, CHECKSUM_END, (byte) ' ');
        int sum = 0;
        for (byte b : header) {
            sum += b & 0xFF;
        }
        octal(header, CHECKSUM, 6, sum);
        header[CHECKSUM + 6] = 0;
        out.write(header);
        out.write(content);
        out.write(new byte[(BLOCK - content.length % BLOCK) % BLOCK]);
    }

    private static void octal(byte[] header, int at, int digits, long value) {
        for (int i = digits - 1; i >= 0; i--) {
            header[at + i] = (byte) ('0' + (value & 7));
            value >>>= 3;
        }
    }

    @Override
    public void close() throws IOException {
        out.write(new byte[END_BLOCKS * BLOCK]);
        out.close();
    }
}
