package dev.ctstream.config;

import java.util.List;

/** The configuration cannot be used; carries every problem that was found, not just the first. */
public final class ConfigurationException extends Exception {
    private static final long serialVersionUID = 1L;

    private final List<String> problems;

    /**
     * All that is wrong.
     *
     * @param problems one line each: the key, what is wrong with it, where it was given
     */
    public ConfigurationException(List<String> problems) {
        super(String.join("; ", problems));
        this.problems = List.copyOf(problems);
    }

    /** The problems, one line each, in the order of the sources. */
    public List<String> problems() {
        return problems;
    }
}
