package dev.ctstream.record.proof;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ctstream.record.RunIdentity;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The name of a log, {@code ctstream/HOST_ID/BOOT_ID/STREAM_EPOCH}, and of the key that signs it, {@code
 * ctstream/HOST_ID}. Bytes of UTF-8 other than ASCII letters, digits, {@code - . _ ~} are written as {@code %XX}. Threads:
 * any.
 */
public final class LogOrigin {
    private static final String PREFIX = "ctstream/";
    private static final String UNRESERVED = "-._~";
    private static final int PARTS = 4;
    private static final int HEX = 16;

    private LogOrigin() {}

    /** The log of a run. */
    public static String of(RunIdentity run) {
        return keyName(run.hostId()) + "/" + coded(run.bootId()) + "/" + run.streamEpoch();
    }

    /** The name of a host's key. */
    public static String keyName(String hostId) {
        return PREFIX + coded(hostId);
    }

    /** The host of a key's name; null when it is not the name of a host's key. */
    public static @Nullable String hostId(String keyName) {
        RunIdentity run = run(keyName + "/-/0");
        return run == null ? null : run.hostId();
    }

    /** The run of a log; null when the text names none. */
    public static @Nullable RunIdentity run(String origin) {
        String[] parts = origin.split("/", -1);
        if (parts.length != PARTS || !origin.startsWith(PREFIX)) {
            return null;
        }
        try {
            RunIdentity run = new RunIdentity(decoded(parts[1]), decoded(parts[2]), Long.parseLong(parts[3]));
            return of(run).equals(origin) ? run : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static String coded(String text) {
        StringBuilder coded = new StringBuilder();
        for (byte b : text.getBytes(UTF_8)) {
            char c = (char) (b & 0xFF);
            boolean plain = c < 0x80 && (Character.isLetterOrDigit(c) || UNRESERVED.indexOf(c) >= 0);
            coded.append(plain ? String.valueOf(c) : String.format(Locale.ROOT, "%%%02X", (int) c));
        }
        return coded.toString();
    }

    private static String decoded(String coded) {
        byte[] bytes = new byte[coded.length()];
        int length = 0;
        for (int i = 0; i < coded.length(); i++) {
            char c = coded.charAt(i);
            if (c == '%' && i + 2 < coded.length()) {
                bytes[length++] = (byte) Integer.parseInt(coded, i + 1, i + 3, HEX);
                i += 2;
            } else {
                bytes[length++] = (byte) c;
            }
        }
        return new String(bytes, 0, length, UTF_8);
    }
}
