package dev.ctstream;

import dev.ctstream.record.PrintableText;
import java.util.Locale;

/** Numbers as a person reads them. */
public final class QuantityText {
    private static final int MINUTE = 60;
    private static final int HOUR = 3600;
    private static final int DAY = 86_400;

    private QuantityText() {}

    /** A count, in groups of three digits. */
    static String count(long value) {
        return String.format(Locale.ROOT, "%,d", value).replace(',', '\u202f'); // a narrow space that does not break
    }

    /** A rate: three digits below 100, whole above. */
    static String rate(double value) {
        return value >= 100 ? count(Math.round(value)) : number(value).replaceFirst("\\.0+$", "");
    }

    /** Three digits, at most. */
    public static String number(double value) {
        return value == 0 || value >= 100
                ? String.format(Locale.ROOT, "%.0f", value)
                : value >= 10
                        ? String.format(Locale.ROOT, "%.1f", value)
                        : String.format(Locale.ROOT, value >= 0.1 ? "%.2f" : "%.3g", value);
    }

    /** Bytes with a unit; powers of 1000, as disks and links are sold. */
    public static String bytes(double value) {
        double rest = value;
        for (String unit : new String[] {"B", "kB", "MB", "GB", "TB"}) {
            if (rest < 1000) {
                return number(rest) + " " + unit;
            }
            rest /= 1000;
        }
        return number(rest) + " PB";
    }

    /** A duration in its two largest units. */
    static String duration(double seconds) {
        long whole = Math.round(seconds);
        if (whole < MINUTE) {
            return whole + "\u00a0s";
        }
        if (whole < HOUR) {
            return whole / MINUTE + "\u00a0min " + whole % MINUTE + "\u00a0s";
        }
        if (whole < DAY) {
            return whole / HOUR + "\u00a0h " + whole % HOUR / MINUTE + "\u00a0min";
        }
        return whole / DAY + "\u00a0d " + whole % DAY / HOUR + "\u00a0h";
    }

    /** Text in HTML, also in an attribute; characters that would not show are written out. */
    static String html(String text) {
        return PrintableText.of(text)
                .replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
