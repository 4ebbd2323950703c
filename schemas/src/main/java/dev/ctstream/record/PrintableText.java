package dev.ctstream.record;

/**
 * Text that may contain anything, for a terminal. What comes from a record, a file, an option or the network could
 * otherwise move the cursor, hide lines, change the order of characters, or send input to the shell.
 */
public final class PrintableText {
    private PrintableText() {}

    /**
     * Writes each character that a terminal or a reader would not show as itself as {@code \}{@code uXXXX}: C0 and C1
     * controls, DEL, line separators, and the marks that reverse the direction of text. The result is one line.
     */
    public static String of(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (hidden(text.charAt(i))) {
                return escaped(text, i);
            }
        }
        return text;
    }

    private static String escaped(String text, int first) {
        StringBuilder out = new StringBuilder(text.length() + 32).append(text, 0, first);
        for (int i = first; i < text.length(); i++) {
            char c = text.charAt(i);
            if (hidden(c)) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }

    /** Whether this character has no shape of its own but an effect on others. */
    public static boolean hidden(char c) {
        return Character.isISOControl(c)
                || (c >= '\u200b' && c <= '\u200f') // zero width, and marks of direction
                || (c >= '\u2028' && c <= '\u202e') // separators, embedding and override of direction
                || (c >= '\u2060' && c <= '\u206f') // invisible operators, isolates
                || c == '\u061c'
                || c == '\ufeff';
    }
}
