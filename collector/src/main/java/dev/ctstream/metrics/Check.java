package dev.ctstream.metrics;

import java.util.List;
import java.util.Locale;

/**
 * What a check of this host, of a network namespace or of Kafka has found. {@code run}, {@code run --check} and
 * {@code doctor} use the same checks; a stage that finds the same later uses the same words.
 *
 * @param name what is checked: a key, a sysctl, a topic's setting, or a word such as {@code ctnetlink}
 * @param scope where: {@code host}, {@code netns NAME}, a path, an address, {@code kafka}, {@code topic NAME}
 * @param found what is so; one line
 * @param wanted what should be so, and why; one line
 * @param remedy what to do; empty when nothing is to be done
 */
public record Check(String name, String scope, Result result, String found, String wanted, String remedy) {
    /** Whether the collector can work. */
    public enum Result {
        /** As wanted. */
        OK,
        /** It works, and something will be missing. */
        WARN,
        /** It does not work because of the configuration. */
        FAIL_CONFIGURATION,
        /** It does not work because a privilege or a feature of the kernel is missing. */
        FAIL_PRIVILEGE,
        /** It does not work. */
        FAIL;

        /** ok, warn or fail. */
        public String word() {
            String name = name().toLowerCase(Locale.ROOT);
            return name.startsWith("fail") ? "fail" : name;
        }
    }

    /** Found as wanted. */
    public static Check ok(String name, String scope, String found, String wanted) {
        return new Check(name, scope, Result.OK, found, wanted, "");
    }

    /** The collector works without it; the records or the host lack something. */
    public static Check warn(String name, String scope, String found, String wanted, String remedy) {
        return new Check(name, scope, Result.WARN, found, wanted, remedy);
    }

    /** The collector cannot work. */
    public static Check fail(String name, String scope, String found, String wanted, String remedy) {
        return new Check(name, scope, Result.FAIL, found, wanted, remedy);
    }

    /**
     * A check that failed with a sentence.
     *
     * @param sentence what was found and, after the first semicolon, the remedy
     */
    public static Check said(Result result, String name, String scope, String sentence, String wanted) {
        int end = sentence.indexOf("; ");
        String found = end < 0 ? sentence : sentence.substring(0, end);
        return new Check(name, scope, result, found, wanted, end < 0 ? "" : sentence.substring(end + 2));
    }

    /** The collector cannot work because a privilege or a feature of the kernel is missing. */
    public static Check unprivileged(String name, String scope, String found, String wanted, String remedy) {
        return new Check(name, scope, Result.FAIL_PRIVILEGE, found, wanted, remedy);
    }

    /** Whether the collector cannot work. */
    public boolean failed() {
        return result.compareTo(Result.WARN) > 0;
    }

    /** Whether it is as wanted. */
    public boolean isOk() {
        return result == Result.OK;
    }

    /** All of it in one line, for a log or an error. */
    public String sentence() {
        String where = scope.equals("host") ? "" : " (" + scope + ")";
        String what = name + where + ": " + found;
        return what + (isOk() ? "" : ", wanted " + wanted) + (remedy.isEmpty() ? "" : "; " + remedy);
    }

    /** The sentences of those that are not as wanted. */
    public static List<String> remarks(List<Check> checks) {
        return checks.stream()
                .filter(check -> !check.isOk())
                .map(Check::sentence)
                .toList();
    }
}
