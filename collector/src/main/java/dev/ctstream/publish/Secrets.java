package dev.ctstream.publish;

import dev.ctstream.record.proof.NoteSigner;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The one place that knows which settings are secret, and keeps them and pieces of them out of every text: messages,
 * logs, health, {@code /status}, records, dumps.
 */
public final class Secrets {
    private static final String HIDDEN = "[hidden]";
    private static final List<String> SECRET_WORDS = List.of(
            "password",
            "jaas",
            "secret",
            "token",
            "credential",
            "keystore.key",
            "private.key",
            "passphrase",
            "user.info");

    /** User and password of a URL, up to the last @ before a blank or a comma: a password may contain / and @. */
    private static final Pattern USER_INFO = Pattern.compile("(://)[^\\s,]*@");

    /** A private key of signed notes, as far as a text quotes it. */
    private static final Pattern NOTE_KEY =
            Pattern.compile(Pattern.quote(NoteSigner.MARK) + "(?:[^\\s+]*\\+){0,2}[A-Za-z0-9+/=]+");

    /** Pieces as short as this are left: hiding them would garble every text. */
    private static final int SHORT = 3;

    private static final Pattern BETWEEN_PIECES = Pattern.compile("[\\s\"';=,]+");
    private static final Set<String> JAAS_WORDS =
            Set.of("required", "requisite", "sufficient", "optional", "username", "password", "true", "false");

    private static final Pattern VARIABLE = Pattern.compile("\\$\\{[^:}]+:([^:}]+):([^}]+)}");

    /**
     * A variable {@code ${PROVIDER:PATH:KEY}}, which one of Kafka's providers replaces.
     *
     * @param path a file with keys, or a directory with a file for each key
     */
    public record Variable(String path, String key) {}

    private Secrets() {}

    /** The variables of a value. */
    public static List<Variable> variables(String value) {
        return VARIABLE.matcher(value)
                .results()
                .map(match -> new Variable(match.group(1), match.group(2)))
                .toList();
    }

    /** Whether a key's value must never be shown; takes keys with and without the prefix {@code kafka.}. */
    public static boolean isSecret(String key) {
        String lower = key.toLowerCase(Locale.ROOT);
        return SECRET_WORDS.stream().anyMatch(lower::contains);
    }

    /** The value of a setting as it may be shown. */
    public static String shown(String key, String value) {
        return isSecret(key) && !value.isEmpty() ? HIDDEN : withoutNoteKeys(withoutUserInfo(value));
    }

    /** A text that quotes the value of a setting, as it may be shown; of a secret one, nothing may be. */
    public static String problem(String key, String text) {
        return isSecret(key) ? "not a permitted value" : withoutNoteKeys(withoutUserInfo(text));
    }

    /** Hides user and password in every URL of a text. */
    public static String withoutUserInfo(String text) {
        return USER_INFO.matcher(text).replaceAll("$1" + HIDDEN + "@");
    }

    /** Hides private keys of signed notes: people give the key where its file is wanted, and sentences quote what was given. */
    public static String withoutNoteKeys(String text) {
        return text.contains(NoteSigner.MARK) ? NOTE_KEY.matcher(text).replaceAll(NoteSigner.MARK + HIDDEN) : text;
    }

    /**
     * Hides secrets in the text of an exception of Kafka's clients or of the JDK, which quote what they do not understand.
     *
     * @param settings those of the client
     */
    public static String hide(String text, Map<String, String> settings) {
        Set<String> pieces = new TreeSet<>(
                (a, b) -> // the longest first: one may be part of another
                a.length() != b.length() ? Integer.compare(b.length(), a.length()) : a.compareTo(b));
        settings.forEach((key, value) -> {
            if (isSecret(key)) {
                pieces.add(value);
                String before = "";
                for (String piece : BETWEEN_PIECES.splitAsStream(value).toList()) {
                    boolean word =
                            JAAS_WORDS.contains(piece) || piece.endsWith("LoginModule") || before.equals("username");
                    if (!word) {
                        pieces.add(piece);
                    }
                    before = piece;
                }
            }
        });
        String hidden = withoutNoteKeys(withoutUserInfo(text));
        for (String piece : pieces) {
            hidden = piece.length() > SHORT ? hidden.replace(piece, HIDDEN) : hidden;
        }
        return hidden;
    }
}
