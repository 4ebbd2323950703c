package dev.ctstream.lookup;

import dev.ctstream.record.EventScanner;
import dev.ctstream.record.EventScanner.Field;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;

/**
 * Who had this address, and this port, at this time?
 *
 * @param address in the text form of RFC 5952, as the records have it
 * @param port with that address, at the same end of the flow; empty = any
 * @param protocol IANA number; empty = any
 * @param atMillis ms since 1970-01-01 UTC
 * @param fromMillis events before this are not read
 * @param untilMillis events after this are not read
 */
public record Question(
        String address, OptionalInt port, OptionalInt protocol, long atMillis, long fromMillis, long untilMillis) {
    /** Checks the order of the times. */
    public Question {
        if (fromMillis > atMillis || atMillis > untilMillis) {
            throw new IllegalArgumentException("the time is outside what is read");
        }
    }

    /** What compares events with this question. */
    public Matcher matcher() {
        return new Matcher(this);
    }

    /** Compares events with a question, without allocating. */
    public static final class Matcher {
        private final byte[] address;
        private final int port; // -1 = any
        private final int protocol; // -1 = any

        Matcher(Question question) {
            address = question.address().getBytes(StandardCharsets.US_ASCII);
            port = question.port().orElse(-1);
            protocol = question.protocol().orElse(-1);
        }

        /** Whether one of the four ends of the flow is the one in question. */
        public boolean matches(EventScanner event) {
            return (isAt(event, Field.SOURCE_ADDRESS, Field.SOURCE_PORT)
                            || isAt(event, Field.DESTINATION_ADDRESS, Field.DESTINATION_PORT)
                            || isAt(event, Field.REPLY_SOURCE_ADDRESS, Field.REPLY_SOURCE_PORT)
                            || isAt(event, Field.REPLY_DESTINATION_ADDRESS, Field.REPLY_DESTINATION_PORT))
                    && (protocol < 0 || event.number(Field.PROTOCOL) == protocol);
        }

        private boolean isAt(EventScanner event, Field addressField, Field portField) {
            return event.is(addressField, address)
                    && (port < 0 || (event.has(portField) && event.number(portField) == port));
        }
    }
}
