package dev.ctstream.config;

import java.util.Collection;
import java.util.Optional;

/** Finds the known name that a misspelt one probably means. */
final class NearestKey {
    /** A name is not suggested if more than this share of its letters differs. */
    private static final double LARGEST_SHARE = 0.5;

    private NearestKey() {}

    /** The known name with the fewest typing errors between it and the given one; empty when none is close. */
    static Optional<String> of(String given, Collection<String> known) {
        String nearest = null;
        int fewest = Integer.MAX_VALUE;
        for (String name : known) {
            int errors = distance(given, name);
            if (errors < fewest) {
                fewest = errors;
                nearest = name;
            }
        }
        return fewest <= given.length() * LARGEST_SHARE ? Optional.ofNullable(nearest) : Optional.empty();
    }

    /** Number of typing errors: missing, extra, wrong, or swapped adjacent letters. */
    static int distance(String a, String b) {
        int[][] errors = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    errors[i][j] = i + j;
                    continue;
                }
                int wrong = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                int least = Math.min(errors[i - 1][j] + 1, errors[i][j - 1] + 1);
                least = Math.min(least, errors[i - 1][j - 1] + wrong);
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    least = Math.min(least, errors[i - 2][j - 2] + 1);
                }
                errors[i][j] = least;
            }
        }
        return errors[a.length()][b.length()];
    }
}
