package dev.ctstream.cli.log;

import ch.qos.logback.classic.pattern.ThrowableProxyConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.encoder.EncoderBase;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Writes each event of the log as one line, in the format and with the mark for the journal that {@link LogSettings}
 * has.
 */
public final class LogEncoder extends EncoderBase<ILoggingEvent> {
    private static final byte[] NOTHING = {};
    private final ThrowableProxyConverter shortTrace = trace("3");
    private final ThrowableProxyConverter trace = trace("12");

    /** For logback. */
    public LogEncoder() {}

    private static ThrowableProxyConverter trace(String lines) {
        ThrowableProxyConverter converter = new ThrowableProxyConverter();
        converter.setOptionList(List.of(lines));
        converter.start();
        return converter;
    }

    @Override
    public byte[] headerBytes() {
        return NOTHING;
    }

    @Override
    public byte[] encode(ILoggingEvent event) {
        boolean brief = LogSettings.format() == LogFormat.TEXT;
        String error = (brief ? shortTrace : trace).convert(event).strip();
        String line = LogSettings.line(LogLine.of(event, error));
        return (line + '\n').getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public byte[] footerBytes() {
        return NOTHING;
    }
}
