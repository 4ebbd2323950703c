package dev.ctstream.config;

/**
 * One key as it was given.
 *
 * @param source {@code FILE:LINE}, the environment variable, or {@code -D}
 */
record Setting(String key, String value, String source) {
    static final String COMMAND_LINE = "-D";
}
