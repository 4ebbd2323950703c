package dev.ctstream.cli.log;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A strict reader of logfmt lines: keys and bare values end at a blank, values in quotes have the escapes of JSON.
 *
 * <p>Source: the grammar in {@code github.com/kr/logfmt}.
 */
final class Logfmt {
    private final String line;
    private int at;

    private Logfmt(String line) {
        this.line = line;
    }

    static Map<String, String> parse(String line) {
        return new Logfmt(line).pairs();
    }

    private Map<String, String> pairs() {
        Map<String, String> pairs = new LinkedHashMap<>();
        while (at < line.length()) {
            String key = bare("=");
            expect('=');
            String value = at < line.length() && line.charAt(at) == '"' ? quoted() : bare(" ");
            if (pairs.put(key, value) != null) {
                throw new AssertionError("twice: " + key);
            }
            if (at < line.length()) {
                expect(' ');
            }
        }
        return pairs;
    }

    private void expect(char c) {
        if (at >= line.length() || line.charAt(at) != c) {
            throw new AssertionError("no '" + c + "' at " + at + " of " + line);
        }
        at++;
    }

    private String bare(String ends) {
        int begin = at;
        while (at < line.length() && ends.indexOf(line.charAt(at)) < 0) {
            char c = line.charAt(at++);
            if (c <= ' ' || c == '=' || c == '"') {
                throw new AssertionError("'" + c + "' at " + (at - 1) + " of " + line);
            }
        }
        if (at == begin) {
            throw new AssertionError("nothing at " + at + " of " + line);
        }
        return line.substring(begin, at);
    }

    private String quoted() {
        StringBuilder value = new StringBuilder();
        for (at++; line.charAt(at) != '"'; at++) {
            char c = line.charAt(at);
            if (c < ' ') {
                throw new AssertionError("a control character at " + at + " of " + line);
            }
            if (c != '\\') {
                value.append(c);
                continue;
            }
            char escaped = line.charAt(++at);
            switch (escaped) {
                case '"', '\\' -> value.append(escaped);
                case 'u' -> {
                    value.append((char) Integer.parseInt(line.substring(at + 1, at + 5), 16));
                    at += 4;
                }
                default -> throw new AssertionError("escape " + escaped + " at " + at + " of " + line);
            }
        }
        at++;
        return value.toString();
    }
}
