package dev.ctstream.admin;

import java.util.List;

/** Fields that cannot be understood; each problem names the field, what it was, and what it may be. */
public final class FieldException extends Exception {
    private static final long serialVersionUID = 1L;

    private final List<String> problems;

    FieldException(List<String> problems) {
        super(String.join("; ", problems));
        this.problems = List.copyOf(problems);
    }

    /** All of them. */
    public List<String> problems() {
        return problems;
    }
}
