package dev.ctstream.spool;

import dev.ctstream.record.StreamId;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What was known when the power failed: by the publisher, by Kafka, and by the disk. */
final class CrashBefore {
    final int changes;
    /** Kafka has what it acknowledged. */
    final CrashLedger.Known least = new CrashLedger.Known();
    /** Kafka has everything that the publisher had. */
    final CrashLedger.Known most = new CrashLedger.Known();

    final Map<AcknowledgedPosition.RunStream, BitSet> acknowledged;
    final Map<AcknowledgedPosition.RunStream, BitSet> durable = new HashMap<>();
    final List<CrashLedger.Arrival> arrivals = new ArrayList<>();
    final List<CrashLedger.Offered> offered = new ArrayList<>();
    final long events;
    final long control;
    long lastEpoch;

    CrashBefore(CrashLedger ledger, CrashTruth truth, int changes) {
        this.changes = changes;
        events = ledger.acknowledgedAt(false, changes);
        control = ledger.acknowledgedAt(true, changes);
        for (CrashLedger.Arrival arrival : ledger.arrivals) {
            if (arrival.changes() <= changes) {
                arrivals.add(arrival);
                most.add(arrival);
                if (ledger.hasKafka(arrival, arrival.control() ? control : events)) {
                    least.add(arrival);
                }
                lastEpoch = Math.max(lastEpoch, arrival.run().streamEpoch());
            }
        }
        for (CrashLedger.Offered batch : ledger.offered) {
            if (batch.changes() < changes) {
                offered.add(batch);
            }
        }
        acknowledged = acknowledged(ledger, events, changes);
        truth.durable.forEach((stream, sequences) -> durable.put(stream, (BitSet) sequences.clone()));
    }

    /** Differs when anything in it does, but for the number of changes. */
    int known() {
        int known = Long.hashCode(events) * 31 + Long.hashCode(control);
        for (CrashLedger.Arrival arrival : arrivals) {
            known = known * 31 + Long.hashCode(arrival.number());
            known = known * 31 + arrival.contents();
        }
        for (CrashLedger.Offered batch : offered) {
            known = (known * 31 + batch.stream().hashCode()) * 31 + Long.hashCode(batch.first() ^ batch.nanos());
        }
        return known * 31 + durable.hashCode();
    }

    /** The sequences up to a number that Kafka had when the disk had changed so often. */
    static Map<AcknowledgedPosition.RunStream, BitSet> acknowledged(CrashLedger ledger, long events, int changes) {
        Map<AcknowledgedPosition.RunStream, BitSet> acknowledged = new HashMap<>();
        for (CrashLedger.Arrival arrival : ledger.arrivals) {
            if (!arrival.control() && arrival.changes() <= changes && ledger.hasKafka(arrival, events)) {
                acknowledged
                        .computeIfAbsent(arrival.stream(), key -> new BitSet())
                        .set((int) arrival.envelope().firstSequence(), (int)
                                arrival.envelope().nextSequence());
            }
        }
        return acknowledged;
    }

    static boolean isOfEvents(AcknowledgedPosition.RunStream stream) {
        return stream.stream().zone() != StreamId.CONTROL_ZONE;
    }
}
