package dev.ctstream.cli.log;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.pattern.CompositeConverter;
import dev.ctstream.record.PrintableText;

/** {@code %printable(...)} in the log's patterns: what a line quotes cannot control the terminal that shows it. */
public final class PrintableLog extends CompositeConverter<ILoggingEvent> {
    @Override
    protected String transform(ILoggingEvent event, String text) {
        return PrintableText.of(text);
    }
}
