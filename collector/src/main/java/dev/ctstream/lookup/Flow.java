package dev.ctstream.lookup;

import dev.ctstream.record.EventScanner;
import dev.ctstream.record.EventScanner.Field;
import dev.ctstream.record.RunKey;
import java.util.Optional;

/**
 * A flow that concerns the question, as far as events have told. Times are ms since 1970-01-01 UTC.
 *
 * <p>Threads: confined to one.
 */
public final class Flow {
    /** What is known of the flow at the time in question. */
    public enum Verdict {
        /** It lived. */
        LIVED,
        /** It may have lived: its begin or its end is not known well enough. */
        POSSIBLE
    }

    private static final long NANOS_PER_MILLI = 1_000_000;

    /** Identifies a flow of a host, whatever the run that reports it. */
    record Key(String hostId, String bootId, String netnsId, int zone, int protocol, String original, long ctId) {
        static Key of(EventScanner event) {
            return new Key(
                    event.text(Field.HOST_ID),
                    event.text(Field.BOOT_ID),
                    event.text(Field.NETNS_ID),
                    (int) event.number(Field.CT_ZONE),
                    (int) event.number(Field.PROTOCOL),
                    end(event, Field.SOURCE_ADDRESS, Field.SOURCE_PORT) + " > "
                            + end(event, Field.DESTINATION_ADDRESS, Field.DESTINATION_PORT)
                            + (event.has(Field.ICMP_ID) ? " id " + event.number(Field.ICMP_ID) : ""),
                    event.number(Field.CT_ID));
        }
    }

    final Key key;
    private final String netns;
    private final String reply;
    private long streamEpoch;
    private long openSequence = -1; // unknown
    private long beginMillis; // at the latest, while beginKnown is false
    private boolean beginKnown;
    private long seenMillis; // the flow lived then
    private long endMillis = Long.MAX_VALUE;
    private boolean inferred;
    private Verdict verdict = Verdict.LIVED;

    private Flow(EventScanner event, Key key) {
        this.key = key;
        netns = event.text(Field.NETNS);
        reply = end(event, Field.REPLY_SOURCE_ADDRESS, Field.REPLY_SOURCE_PORT) + " > "
                + end(event, Field.REPLY_DESTINATION_ADDRESS, Field.REPLY_DESTINATION_PORT);
    }

    /** A flow of which this is the first event that was read. */
    static Flow of(EventScanner event, Key key, boolean begins) {
        Flow flow = new Flow(event, key);
        long time = event.number(Field.EVENT_TIME);
        flow.beginMillis = time;
        flow.beginKnown = begins;
        flow.seen(event);
        return flow;
    }

    /** Takes over that the flow was there at the event's time. */
    void seen(EventScanner event) {
        seenMillis = Math.max(seenMillis, event.number(Field.EVENT_TIME));
        started(event);
        long epoch = event.number(Field.STREAM_EPOCH);
        if (epoch != streamEpoch || openSequence < 0) {
            streamEpoch = epoch;
            openSequence = event.number(event.has(Field.BEGIN_SEQUENCE) ? Field.BEGIN_SEQUENCE : Field.SEQUENCE);
        }
    }

    /** Takes over the start that the kernel gives in dumps and at the end. */
    private void started(EventScanner event) {
        if (event.has(Field.START_TIME_NS)) {
            beginMillis = Math.floorDiv(event.number(Field.START_TIME_NS), NANOS_PER_MILLI);
            beginKnown = true;
        }
    }

    /** The run that reported it last. */
    RunKey run() {
        return new RunKey(key.hostId, key.bootId, netns, key.netnsId, streamEpoch);
    }

    /** Whether the event names another event as the one that opened its flow. */
    boolean openedByAnotherThan(EventScanner event) {
        return event.has(Field.BEGIN_SEQUENCE)
                && event.number(Field.STREAM_EPOCH) == streamEpoch
                && event.number(Field.BEGIN_SEQUENCE) != openSequence;
    }

    /** Takes over that another flow had the same identity at the event's time, so that this one had ended. */
    void replaced(EventScanner event) {
        inferred = true;
        endMillis = event.number(Field.EVENT_TIME);
    }

    /** Takes the DESTROY. */
    void ended(EventScanner event) {
        started(event);
        inferred = event.text(Field.ORIGIN).equals("inferred");
        endMillis = endOf(event);
    }

    static long endOf(EventScanner event) {
        return event.has(Field.STOP_TIME_NS)
                ? Math.floorDiv(event.number(Field.STOP_TIME_NS), NANOS_PER_MILLI)
                : event.number(Field.EVENT_TIME);
    }

    /** The flow began before anything that was read. */
    void beganBefore(long fromMillis) {
        if (!beginKnown) {
            beginMillis = Math.min(beginMillis, fromMillis);
        }
    }

    /**
     * Whether the flow lived at a time; empty = it did not.
     *
     * <p>The end that the collector inferred is when it noticed. So the flow lived until it was last seen, and perhaps
     * until then.
     */
    Optional<Verdict> at(long millis) {
        if (endMillis < millis || (beginKnown && beginMillis > millis)) {
            return Optional.empty();
        }
        boolean begun = beginMillis <= millis;
        boolean lasted = !inferred || seenMillis >= millis;
        return Optional.of(begun && lasted ? verdict : Verdict.POSSIBLE);
    }

    /** Whether it lived at the time in question, or may have. */
    public Verdict verdict() {
        return verdict;
    }

    void decide(Verdict found) {
        verdict = found;
    }

    /** The host that reported it. */
    public String hostId() {
        return key.hostId;
    }

    /** Name of the network namespace. */
    public String netns() {
        return netns;
    }

    /** Conntrack zone. */
    public int zone() {
        return key.zone;
    }

    /** IANA number. */
    public int protocol() {
        return key.protocol;
    }

    /** Source and destination of the original direction. */
    public String original() {
        return key.original;
    }

    /** Source and destination of the replies. */
    public String reply() {
        return reply;
    }

    /** When it began; if {@link #beginKnown} is false, when it was seen first. */
    public long beginMillis() {
        return beginMillis;
    }

    /** Whether {@link #beginMillis} is the begin. */
    public boolean beginKnown() {
        return beginKnown;
    }

    /** When it ended, or an inferred end was noticed; {@link Long#MAX_VALUE} = no end was read. */
    public long endMillis() {
        return endMillis;
    }

    /** Whether the end is the collector's conclusion. */
    public boolean endInferred() {
        return inferred;
    }

    private static String end(EventScanner event, Field address, Field port) {
        String text = event.text(address);
        if (!event.has(port)) {
            return text;
        }
        return (text.indexOf(':') < 0 ? text : "[" + text + "]") + ":" + event.number(port);
    }
}
