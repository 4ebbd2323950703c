package dev.ctstream.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The arguments and the environment of this process as UTF-8. The JVM decodes them by the locale, and without a UTF-8
 * locale puts a question mark where it does not understand a byte. So the bytes are read from the kernel.
 */
final class ProcessText {
    private static final Set<String> VARIABLES = Set.of("STATE_DIRECTORY", "XDG_STATE_HOME");
    private static final int FIRST_OTHER = 0x80; // after ASCII

    private ProcessText() {}

    /**
     * The arguments of the program.
     *
     * @param commandLine {@code /proc/self/cmdline}: arguments end with a zero byte; those of the program are the last ones
     * @param decoded the arguments as the JVM has decoded them
     * @throws CommandFailure when an argument is not UTF-8
     */
    static String[] arguments(byte[] commandLine, String... decoded) throws CommandFailure {
        List<byte[]> all = split(commandLine);
        if (all.size() < decoded.length) {
            return decoded;
        }
        List<byte[]> ours = all.subList(all.size() - decoded.length, all.size());
        String[] exact = new String[decoded.length];
        for (int i = 0; i < decoded.length; i++) {
            String text = utf8(ours.get(i));
            if (text == null) {
                throw new CommandFailure(ExitCode.USAGE, "argument is not UTF-8: " + shown(key(ours.get(i))));
            }
            if (isAscii(text) && !text.equals(decoded[i])) {
                return decoded; // this JVM was not started by that command line
            }
            exact[i] = text;
        }
        return exact;
    }

    /**
     * The environment, with the variables that are UTF-8 decoded as such.
     *
     * @param environ {@code /proc/self/environ}: variables end with a zero byte
     * @param decoded the environment as the JVM has decoded it
     * @throws CommandFailure when a variable that ctstream uses is not UTF-8
     */
    static Map<String, String> environment(byte[] environ, Map<String, String> decoded) throws CommandFailure {
        Map<String, String> exact = new HashMap<>(decoded);
        for (byte[] variable : split(environ)) {
            String text = utf8(variable);
            int equals = text == null ? -1 : text.indexOf('=');
            if (text == null) {
                String name = new String(variable, StandardCharsets.ISO_8859_1).split("=", 2)[0];
                if (name.startsWith("CTSTREAM_") || VARIABLES.contains(name)) {
                    throw new CommandFailure(ExitCode.USAGE, "environment variable is not UTF-8: " + name);
                }
            } else if (equals > 0 && !isAscii(text)) {
                exact.put(text.substring(0, equals), text.substring(equals + 1));
            }
        }
        return exact;
    }

    /** What is before the value, which may be a secret: the key of {@code KEY=VALUE}; all of it without a value. */
    private static byte[] key(byte[] text) {
        for (int i = 0; i < text.length; i++) {
            if (text[i] == '=') {
                return Arrays.copyOf(text, i + 1);
            }
        }
        return text;
    }

    /** A file of this process in /proc; empty when it cannot be read. */
    static byte[] ofKernel(String name) {
        try {
            return Files.readAllBytes(Path.of("/proc/self", name));
        } catch (IOException e) {
            return new byte[0];
        }
    }

    private static List<byte[]> split(byte[] texts) {
        List<byte[]> parts = new ArrayList<>();
        int begin = 0;
        for (int i = 0; i < texts.length; i++) {
            if (texts[i] == 0) {
                parts.add(Arrays.copyOfRange(texts, begin, i));
                begin = i + 1;
            }
        }
        return parts;
    }

    private static boolean isAscii(String text) {
        return text.chars().allMatch(character -> character < FIRST_OTHER);
    }

    private static @Nullable String utf8(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }

    /** The bytes after ASCII as {@code \xNN}. */
    private static String shown(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (byte one : bytes) {
            text.append(one >= 0 ? String.valueOf((char) one) : "\\x" + Integer.toHexString(one & 0xFF));
        }
        return text.toString();
    }
}
