package dev.ctstream.lookup;

import dev.ctstream.record.ControlKind;
import dev.ctstream.record.DecodedRecord;
import dev.ctstream.record.EventScanner;
import dev.ctstream.record.EventScanner.Field;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.RecordException;
import dev.ctstream.record.RunKey;
import dev.ctstream.verify.Verifier;
import dev.ctstream.verify.VerifyReport;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the flows that had an address, and a port, at a time. Linux gives one public port to several flows, as long as
 * their destinations differ, so there may be several.
 *
 * <p>Use: pass all control records first ({@link #control}), then the events ({@link #events}), each partition in order;
 * then call {@link #finish}. The {@link Verifier} says whether events are missing, {@link Coverage} whether each namespace
 * was observed.
 *
 * <p>A flow that matches is kept from its first event to its end, if it began before the time in question; one that
 * ended before it is forgotten.
 *
 * <p>Bounds: {@code mostFlows} flows, some 500 bytes each (beyond: {@link LimitException}), and those of the verifier.
 *
 * <p>Threads: confined to one.
 */
public final class Lookup {
    /** Records that count after the ends of the events are fixed; others report events that are not read. */
    private static final Set<ControlKind> LATE = Set.of(ControlKind.STARTED, ControlKind.GAP);

    private static final byte[] NEW = ascii("NEW");
    private static final byte[] UPDATE = ascii("UPDATE");
    private static final byte[] DESTROY = ascii("DESTROY");
    /** A NEW may come after its DESTROY; ends that are kept to recognise one. */
    private static final int MOST_ENDS = 4096;

    private final Question question;
    private final Question.Matcher matcher;
    private final Verifier verifier;
    private final Coverage coverage;
    private boolean eventEndsFixed;
    private final EventScanner scanner;
    private final int mostFlows;
    private final Map<Flow.Key, Flow> open = new HashMap<>();
    private final List<Flow> found = new ArrayList<>();
    private final Map<Flow.Key, Long> ends = new LinkedHashMap<>(); // the oldest first
    private final List<String> reasons = new ArrayList<>();
    private final Map<RunKey, Map<Integer, Long>> firstSequences = new HashMap<>();
    private RunKey run = new RunKey("", "", "", "", 0);
    private byte[][] runTexts = {{}, {}, {}, {}};
    private int partition;
    private long firstSequence;
    private long events;

    /** More flows match than fit into memory. */
    public static final class LimitException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        LimitException(String message) {
            super(message);
        }
    }

    /**
     * A question that has not been answered yet.
     *
     * @param scanner knows the schemas of the writers
     * @param mostFlows flows that are kept at one time
     */
    public Lookup(Question question, EventScanner scanner, Verifier.Limits limits, int mostFlows) {
        this.question = question;
        this.scanner = scanner;
        this.mostFlows = mostFlows;
        matcher = question.matcher();
        coverage = new Coverage(question);
        verifier = new Verifier(limits);
        verifier.fromTheMiddle();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Takes a control record; see {@link Verifier#control}. */
    public void control(DecodedRecord record, int of) {
        verifier.control(record, of);
        if (!eventEndsFixed || ControlKind.of(record).filter(LATE::contains).isPresent()) {
            coverage.control(record);
        }
    }

    /** See {@link Verifier#eventEndsFixed}. */
    public void eventEndsFixed() {
        verifier.eventEndsFixed();
        eventEndsFixed = true;
    }

    /** Takes note of a record that cannot be decoded. */
    public void undecodable(String place, RecordException error) {
        verifier.undecodable(place, error);
    }

    /** Takes note that a topic does not reach back to where reading should begin. */
    public void beginsLater(String where) {
        reasons.add(where);
    }

    /**
     * Takes the events of a record.
     *
     * @throws RecordException when it cannot be decoded
     */
    public void events(byte[] value, OptionalLong fingerprint, int of) throws RecordException {
        partition = of;
        scanner.scan(value, fingerprint, this::event);
    }

    /** Events that were read. */
    public long events() {
        return events;
    }

    private void event(EventScanner event, boolean first) {
        events++;
        if (first) {
            record(event);
        }
        long snapshot = event.has(Field.SNAPSHOT_ID) ? event.number(Field.SNAPSHOT_ID) : Verifier.NO_SNAPSHOT;
        if (verifier.sequence(event.number(Field.SEQUENCE), snapshot) && matcher.matches(event)) {
            take(event, Flow.Key.of(event));
        }
    }

    private void record(EventScanner event) {
        if (!event.is(Field.HOST_ID, runTexts[0])
                || !event.is(Field.BOOT_ID, runTexts[1])
                || !event.is(Field.NETNS, runTexts[2])
                || !event.is(Field.NETNS_ID, runTexts[3])
                || event.number(Field.STREAM_EPOCH) != run.streamEpoch()) {
            run = new RunKey(
                    event.text(Field.HOST_ID),
                    event.text(Field.BOOT_ID),
                    event.text(Field.NETNS),
                    event.text(Field.NETNS_ID),
                    event.number(Field.STREAM_EPOCH));
            runTexts = new byte[][] {utf8(run.hostId()), utf8(run.bootId()), utf8(run.netns()), utf8(run.netnsId())};
            coverage.observed(run);
        }
        int zone = (int) event.number(Field.CT_ZONE);
        verifier.beginRecord(
                run,
                zone,
                new Verifier.RecordFacts(
                        partition, event.number(Field.RECEIVED_TIME_NS), event.number(Field.LOST_TOTAL)));
        firstSequence = firstSequences
                .computeIfAbsent(run, added -> new HashMap<>())
                .computeIfAbsent(zone, added -> event.number(Field.SEQUENCE));
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private void take(EventScanner event, Flow.Key key) {
        Flow flow = open.get(key);
        if (event.is(Field.EVENT_TYPE, DESTROY)) {
            ended(event, key, flow);
        } else if (event.is(Field.EVENT_TYPE, NEW) && !event.has(Field.BEGIN_SEQUENCE)) {
            began(event, key, flow);
        } else if (flow != null) {
            flow.seen(event);
        } else if (!event.is(Field.EVENT_TYPE, UPDATE) || event.has(Field.BEGIN_SEQUENCE)) {
            lives(event, key);
        } // else: an UPDATE may come after the DESTROY
    }

    private void began(EventScanner event, Flow.Key key, @Nullable Flow flow) {
        if (flow != null) {
            flow.replaced(event);
            settle(flow);
            open.remove(key);
        }
        Long end = ends.get(key);
        boolean late = end != null && event.number(Field.EVENT_TIME) <= end;
        if (!late && event.number(Field.EVENT_TIME) <= question.atMillis()) {
            keep(key, Flow.of(event, key, true));
        }
    }

    /** EXISTING, INTERIM and UPDATE of a flow whose begin was not read. */
    private void lives(EventScanner event, Flow.Key key) {
        Flow flow = Flow.of(event, key, false);
        beganBefore(flow, event);
        if (!flow.beginKnown() || flow.beginMillis() <= question.atMillis()) {
            keep(key, flow);
        }
    }

    /** Whether the flow began before the first event of its stream that was read. */
    private boolean beganBefore(Flow flow, EventScanner event) {
        boolean before = event.has(Field.BEGIN_SEQUENCE) && event.number(Field.BEGIN_SEQUENCE) < firstSequence;
        if (before) {
            flow.beganBefore(question.fromMillis());
        }
        return before;
    }

    private void ended(EventScanner event, Flow.Key key, @Nullable Flow known) {
        ends.put(key, Flow.endOf(event));
        if (ends.size() > MOST_ENDS) {
            ends.remove(ends.keySet().iterator().next());
        }
        Flow flow = known;
        if (flow != null && flow.openedByAnotherThan(event)) {
            flow = null;
        } else {
            open.remove(key);
        }
        if (Flow.endOf(event) < question.atMillis()) {
            return;
        }
        if (flow == null) {
            flow = Flow.of(event, key, false);
            if (!beganBefore(flow, event) && !flow.beginKnown() && event.has(Field.BEGIN_SEQUENCE)) {
                return; // its begin was read, and was later than the time in question
            }
        }
        flow.ended(event);
        settle(flow);
    }

    private void keep(Flow.Key key, Flow flow) {
        open.put(key, flow);
        bound();
    }

    /** Decides about a flow of which no more will be read. */
    private void settle(Flow flow) {
        flow.at(question.atMillis()).ifPresent(verdict -> {
            flow.decide(verdict);
            found.add(flow);
            bound();
        });
    }

    private void bound() {
        if (open.size() + found.size() > mostFlows) {
            throw new LimitException("more than " + mostFlows
                    + " flows with this address lived at this time or may have: name the port with --port, or the"
                    + " protocol with --protocol");
        }
    }

    /** The answer; nothing may be passed afterwards. */
    public Answer finish() {
        List<Flow> withoutEnd = List.copyOf(open.values());
        open.clear();
        for (Flow flow : withoutEnd) {
            Flow.Verdict verdict = coverage.ofOpenFlow(flow);
            if (verdict != null) {
                flow.decide(verdict);
                settle(flow);
            }
        }
        reasons.addAll(coverage.reasons());
        missing(verifier.finish());
        found.sort(Comparator.comparing(Flow::verdict)
                .thenComparing(Flow::hostId)
                .thenComparingLong(Flow::beginMillis)
                .thenComparing(Flow::original));
        return new Answer(question, List.copyOf(found), List.copyOf(reasons), events);
    }

    private void missing(VerifyReport report) {
        report.holes()
                .forEach(hole -> reasons.add(hole.stream().hostId() + "/"
                        + hole.stream().netns()
                        + (hole.control()
                                ? ", control"
                                : ", zone " + hole.stream().zone())
                        + ": sequences " + hole.first() + ".." + hole.last()
                        + " are missing, and nothing declares them"));
        reasons.addAll(report.problems());
        for (GapCause cause : GapCause.values()) {
            if (report.lost(cause) > 0) {
                reasons.add(report.lost(cause) + " events are declared as lost, cause " + cause.word());
            }
        }
        if (report.inSpool() > 0) {
            reasons.add(report.inSpool() + " events were still in the spool of their host");
        }
        if (report.inSpool() > 0 || !report.holes().isEmpty()) {
            reasons.add("a host may have sent them later than others: a longer --within reads on");
        }
    }
}
