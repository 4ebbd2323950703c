package dev.ctstream.config;

import java.util.List;
import java.util.Map;

/**
 * One key as it was given.
 *
 * @param source {@code FILE:LINE}, the environment variable, or {@code -D}
 */
record Setting(String key, String value, String source) {
    static final String COMMAND_LINE = "-D";

    /** Adds it to the settings of one source, in which a key may be given once. */
    void putOnce(Map<String, Setting> source, List<String> problems) {
        Setting before = source.putIfAbsent(key, this);
        if (before != null) {
            problems.add(key + " is given twice: " + before.source() + " and " + this.source + "; leave one out");
        }
    }
}
