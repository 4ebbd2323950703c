package dev.ctstream.config;

/**
 * One key as somebody gave it.
 *
 * @param source where: {@code FILE:LINE}, the environment variable, or {@code -D}
 */
record Setting(String key, String value, String source) {
    static final String COMMAND_LINE = "-D";
}
