package dev.ctstream.config;

import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Byte counts with a unit: {@code 128 MiB}, {@code 4GiB}, {@code 64k}; powers of 1024. */
final class ByteSize {
    private static final Pattern FORM = Pattern.compile("(\\d{1,9})\\s*([kmg])(i?b)?", Pattern.CASE_INSENSITIVE);
    private static final Map<String, Integer> SHIFTS = Map.of("k", 10, "m", 20, "g", 30);

    private ByteSize() {}

    /** The plain number if the key ends in {@code -bytes} and the value has a unit; otherwise the value unchanged. */
    static String plain(String key, String value) {
        Matcher matcher = FORM.matcher(value);
        if (!key.endsWith("-bytes") || !matcher.matches()) {
            return value;
        }
        int shift = SHIFTS.getOrDefault(matcher.group(2).toLowerCase(Locale.ROOT), 0);
        return String.valueOf(Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << shift));
    }
}
