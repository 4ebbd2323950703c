package dev.ctstream.config;

import java.util.List;

/** The configuration cannot be used. Carries all problems, not just the first. */
public final class ConfigurationException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String[] problems;

    /**
     * Creates an exception with all problems.
     *
     * @param problems one line each: the key, its source, and what is wrong
     */
    public ConfigurationException(List<String> problems) {
        super(String.join("; ", problems));
        this.problems = problems.toArray(String[]::new);
    }

    /** The problems, one line each, in the order of the sources. */
    public List<String> problems() {
        return List.of(problems);
    }
}
