package dev.ctstream.admin;

import java.util.List;

/** Invalid fields. Each problem names the field, its value, and the allowed values. */
public final class FieldException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String[] problems;

    /** With all problems. */
    public FieldException(List<String> problems) {
        super(String.join("; ", problems));
        this.problems = problems.toArray(String[]::new);
    }

    /** All problems. */
    public List<String> problems() {
        return List.of(problems);
    }
}
