package dev.ctstream.config;

import dev.ctstream.netlink.ErrorText;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;

/**
 * Reads a Java properties file; each key keeps its line number.
 *
 * <p>The text is UTF-8; anything else is a problem.
 */
final class PropertiesFile {
    private PropertiesFile() {}

    /** Adds the settings in the order of the file, and each unreadable line to {@code problems}. */
    static void read(Path file, String option, List<Setting> settings, List<String> problems) {
        String text;
        try {
            byte[] bytes = SmallFile.read(file);
            int line = malformedLine(bytes);
            if (line > 0) {
                problems.add(file + ":" + line + ": is not UTF-8");
                return;
            }
            text = new String(bytes, StandardCharsets.UTF_8);
        } catch (IOException e) {
            problems.add(option + " " + ErrorText.ofFile(file, e));
            return;
        }
        String[] lines = text.split("\r\n|\r|\n", -1);
        for (int i = 0; i < lines.length; i++) {
            int first = i + 1;
            StringBuilder logical = new StringBuilder(lines[i]);
            while (!comment(lines[first - 1]) && continues(lines[i]) && i + 1 < lines.length) {
                logical.append('\n').append(lines[++i]);
            }
            parse(logical.toString(), file + ":" + first, settings, problems);
        }
    }

    private static void parse(String logicalLine, String source, List<Setting> settings, List<String> problems) {
        Properties one = new Properties();
        try {
            one.load(new StringReader(logicalLine));
        } catch (IOException | IllegalArgumentException e) {
            problems.add(source + ": " + ErrorText.reason(e));
        }
        one.forEach((key, value) -> settings.add(new Setting((String) key, ((String) value).strip(), source)));
    }

    /** The line with the first byte that is not UTF-8; 0 = none. */
    private static int malformedLine(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(bytes.length);
        if (!StandardCharsets.UTF_8.newDecoder().decode(in, out, true).isError()) {
            return 0;
        }
        return (int) new String(bytes, 0, in.position(), StandardCharsets.UTF_8)
                        .chars()
                        .filter(character -> character == '\n')
                        .count()
                + 1;
    }

    private static boolean comment(String line) {
        String stripped = line.stripLeading();
        return stripped.startsWith("#") || stripped.startsWith("!");
    }

    /** An odd number of backslashes at the end joins the next line. */
    private static boolean continues(String line) {
        int backslashes = 0;
        while (backslashes < line.length() && line.charAt(line.length() - 1 - backslashes) == '\\') {
            backslashes++;
        }
        return backslashes % 2 == 1;
    }
}
