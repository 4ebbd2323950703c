package dev.ctstream.metrics;

import java.util.function.Supplier;

/**
 * What the endpoint serves. The suppliers are called by a serving thread for each request.
 *
 * @param statusJson one JSON object
 * @param page HTML, with {@link HtmlPage#STYLE} as its only style
 */
public record HttpContent(Metrics metrics, Health health, Supplier<String> statusJson, Page page) {
    /** Makes the page. */
    @FunctionalInterface
    public interface Page {
        /**
         * Makes it.
         *
         * @param still whether it stays as it is, instead of coming anew
         */
        String html(boolean still);
    }
}
