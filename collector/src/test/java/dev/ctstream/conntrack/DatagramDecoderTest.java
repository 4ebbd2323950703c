package dev.ctstream.conntrack;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.netlink.NlAttr;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What happens to a received datagram: events are delivered, everything else is counted. */
class DatagramDecoderTest {
    private static final EventSource SOURCE = new EventSource() {
        @Override
        public int index() {
            return 3;
        }

        @Override
        public String netns() {
            return "host";
        }

        @Override
        public String netnsId() {
            return "1";
        }

        @Override
        public long dropsTotal() {
            return 0;
        }
    };

    private final List<String> delivered = new ArrayList<>();
    private final FlowEventHandler handler = new FlowEventHandler() {
        @Override
        public void onEvent(EventSource source, FlowEvent event, long receivedTimeNanos) {
            delivered.add(source.index() + " " + event.eventType() + " " + event.id() + " " + receivedTimeNanos);
        }

        @Override
        public void onDumpEntry(EventSource source, FlowEvent event, DumpEntryKind kind) {
            delivered.add(kind + " " + event.id());
        }

        @Override
        public void onDrained(EventSource source, long dropsDelta) {}

        @Override
        public long onPass(long nowNanos) {
            return Long.MAX_VALUE;
        }
    };
    private final Metrics registry = new Metrics();
    private final ReceiveMetrics metrics = new ReceiveMetrics(registry);
    private final DatagramDecoder decoder = new DatagramDecoder(handler, metrics, true);

    @AfterEach
    void close() {
        registry.close();
    }

    @Test
    void eventsAreDeliveredWithTheirTime() {
        byte[] begin = Fixtures.bytes("01-new-tcp4-zone5");
        decoder.decode(SOURCE, Fixtures.buffer(begin), 0, begin.length, 77);
        assertThat(decoder.lagNanos(1_795_244_919_067_500_800L)).isEqualTo(45);
        decoder.deliver(SOURCE, 77);
        assertThat(delivered).containsExactly("3 1 3641472517 77");
        assertThat(metrics.events(FlowEvent.NEW).value()).isEqualTo(1);
        decode(Fixtures.bytes("05-destroy-tcp4-zone5"));
        assertThat(metrics.events(FlowEvent.DESTROY).value()).isEqualTo(1);
    }

    @Test
    void everyMessageOfADatagramIsDelivered() {
        decode(MessageBytes.concat(Fixtures.bytes("01-new-tcp4-zone5"), Fixtures.bytes("02-update-tcp4-synrecv")));
        assertThat(delivered).containsExactly("3 1 3641472517 77", "3 2 3641472517 77");
    }

    @Test
    void controlMessagesAreCountedAsOther() {
        for (String name : List.of("27-dump-done", "28-error-erange-extack", "29-error-enoent-capped")) {
            decode(Fixtures.bytes(name));
        }
        assertThat(metrics.otherMessages.value()).isEqualTo(3);
        assertThat(decoder.takeUndecodable()).isZero();
        assertThat(delivered).isEmpty();
    }

    @Test
    void aMalformedMessageIsCountedAndTheNextOneIsDelivered() {
        byte[] bad = Fixtures.bytes("01-new-tcp4-zone5");
        bad[NfGenMsg.ATTRIBUTES_OFFSET + NlAttr.LENGTH_OFFSET] = 1;
        decode(MessageBytes.concat(bad, Fixtures.bytes("02-update-tcp4-synrecv")));
        assertThat(metrics.malformed.value()).isEqualTo(1);
        assertThat(decoder.takeUndecodable()).isEqualTo(1);
        assertThat(decoder.takeUndecodable()).isZero();
        assertThat(delivered).containsExactly("3 2 3641472517 77");
    }

    @Test
    void aDatagramWithTrailingBytesIsCounted() {
        byte[] whole = Fixtures.bytes("02-update-tcp4-synrecv");
        ByteBuffer buffer = Fixtures.buffer(MessageBytes.concat(whole, whole));
        decoder.decode(SOURCE, buffer, 0, 2 * whole.length - 4, 77);
        decoder.deliver(SOURCE, 77);
        assertThat(delivered).hasSize(1);
        assertThat(metrics.malformed.value()).isEqualTo(1);
        assertThat(decoder.takeUndecodable()).isEqualTo(1);
    }

    @Test
    void aTruncatedDatagramIsCountedAndNotDecoded() {
        byte[] bytes = Fixtures.bytes("01-new-tcp4-zone5");
        decoder.truncated(SOURCE, Fixtures.buffer(bytes), 0, bytes.length);
        assertThat(metrics.truncated.value()).isEqualTo(1);
        assertThat(decoder.takeUndecodable()).isEqualTo(1);
        assertThat(delivered).isEmpty();
    }

    /** The header of a NEW has 20 bytes; the addresses come later. */
    @Test
    void aLineOfTheLogShowsOnlyHeadersWhereAddressesAreLeftOut() {
        byte[] bytes = Fixtures.bytes("01-new-tcp4-zone5");
        String hex = HexFormat.of().formatHex(bytes);
        List<String> lines = new ArrayList<>();
        AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
            @Override
            protected void append(ILoggingEvent event) {
                lines.add(event.getFormattedMessage());
            }
        };
        appender.start();
        Logger logger = (Logger) LoggerFactory.getLogger(DatagramDecoder.class);
        logger.addAppender(appender);
        try {
            decoder.truncated(SOURCE, Fixtures.buffer(bytes), 0, bytes.length);
            new DatagramDecoder(handler, metrics, false).truncated(SOURCE, Fixtures.buffer(bytes), 0, bytes.length);
        } finally {
            logger.detachAppender(appender);
        }
        assertThat(lines.get(0)).endsWith("bytes=" + hex.substring(0, 2 * 96));
        assertThat(lines.get(1)).endsWith("bytes=" + hex.substring(0, 2 * 20));
    }

    @Test
    void theLagNeverComesFromAnEarlierReceive() {
        assertThat(decoder.lagNanos(1_795_244_919_067_500_800L)).isEqualTo(-1);
        byte[] bytes = Fixtures.bytes("01-new-tcp4-zone5");
        ByteBuffer buffer = Fixtures.buffer(bytes);
        decoder.decode(SOURCE, buffer, 0, bytes.length, 77);
        decoder.deliver(SOURCE, 77);
        decoder.truncated(SOURCE, buffer, 0, bytes.length);
        assertThat(decoder.lagNanos(1_795_244_919_067_500_800L)).isEqualTo(-1);
    }

    @Test
    void unknownAndUnexpectedAttributesAreCounted() {
        decode(MessageBytes.newFlow(
                MessageBytes.ports(17, 1, 2),
                MessageBytes.attribute(60, new byte[0]),
                MessageBytes.attribute(61, new byte[0]),
                MessageBytes.attribute(Cta.CTA_MARK, new byte[1]),
                MessageBytes.attribute(Cta.CTA_ID, MessageBytes.be32(1))));
        assertThat(metrics.unknownAttributes.value()).isEqualTo(2);
        assertThat(metrics.unexpectedAttributes.value()).isEqualTo(1);
    }

    @Test
    void entriesOfADumpKeepTheirKindAndAreNotCountedAsEvents() {
        byte[] bytes = Fixtures.bytes("01-new-tcp4-zone5");
        decoder.dumpEntry(SOURCE, DumpEntryKind.DYING, Fixtures.buffer(bytes), 0, bytes.length);
        decoder.dumpEntry(SOURCE, DumpEntryKind.DYING, Fixtures.buffer(bytes), 0, 30);
        assertThat(delivered).containsExactly("DYING 3641472517");
        assertThat(metrics.dumpMessages.value()).isEqualTo(2);
        assertThat(metrics.events(FlowEvent.NEW).value()).isZero();
        assertThat(metrics.malformed.value()).isEqualTo(1);
        assertThat(decoder.takeUndecodable()).isZero();
    }

    @Test
    void eventsKeepTheirOrderInAnyNumber() {
        byte[] one = Fixtures.bytes("01-new-tcp4-zone5");
        byte[] other = Fixtures.bytes("06-new-icmpv6-zone9");
        String ofOne = "3 1 3641472517 77";
        decode(other);
        String ofOther = delivered.remove(0);
        for (int count = 1; count <= 3 * FlowEventHandler.MAX_EVENTS; count++) {
            for (int i = 0; i < count; i++) {
                byte[] datagram = i % 3 == 0 ? other : one;
                decoder.decode(SOURCE, Fixtures.buffer(datagram), 0, datagram.length, 77);
            }
            decoder.deliver(SOURCE, 77);
            assertThat(delivered).hasSize(count);
            for (int i = 0; i < count; i++) {
                assertThat(delivered.get(i)).isEqualTo(i % 3 == 0 ? ofOther : ofOne);
            }
            delivered.clear();
        }
        assertThat(metrics.malformed.value()).isZero();
    }

    @Test
    void nothingIsDeliveredTwice() {
        decode(Fixtures.bytes("01-new-tcp4-zone5"));
        decoder.deliver(SOURCE, 77);
        assertThat(delivered).hasSize(1);
    }

    private void decode(byte[] datagram) {
        decoder.decode(SOURCE, Fixtures.buffer(datagram), 0, datagram.length, 77);
        decoder.deliver(SOURCE, 77);
    }
}
