package dev.ctstream.spool;

import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.proof.TreeWindow;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What earlier runs left in the directory. The control records are read first: they tell what was given up, which is
 * then neither handed out nor declared again.
 *
 * @param events where the chain of events begins
 * @param control where the chain of control records begins
 * @param givenUp numbers of events that hold nothing to be sent
 * @param owed GAP records that Kafka has not acknowledged
 * @param missing losses that nothing declares yet
 * @param previousRun the run before this one; null = none
 * @param lastEpoch the greatest epoch that the directory knows; 0 = none
 * @param precedingLog the end of the log of the run before; null = there is none, or it was not proven
 * @param toWithdraw what is signed and has vanished from the end of a segment, and what was withdrawn although no CHECKPOINT
 *     lists that
 */
record SpoolRecovery(
        Chain.Start events,
        Chain.Start control,
        GivenUp givenUp,
        Owed owed,
        List<LossRequests.Request> missing,
        Spool.@Nullable PreviousRun previousRun,
        long lastEpoch,
        @Nullable TreeWindow precedingLog,
        List<SignedAppends.Range> toWithdraw) {
    private static final Logger LOG = LoggerFactory.getLogger(SpoolRecovery.class);

    /**
     * Recovers the directory.
     *
     * @param stored null when there is none. Then losses before the oldest segment cannot be detected
     * @param proving whether to rebuild the log of the run before, and to look for what is signed and gone
     */
    static SpoolRecovery recover(
            SpoolFileSystem files, SpoolDirectory directory, SpoolCheckpoint.@Nullable Values stored, boolean proving)
            throws IOException {
        GivenUp givenUp = new GivenUp();
        Owed owed = new Owed();
        ChainRecovery control = new ChainRecovery(files, directory.control(), stored == null ? null : stored.control());
        control.read();
        Chain.Start controlStart = control.finish(new GivenUp(), new DeclaredLosses(), false);
        ControlScan scan = new ControlScan(files, controlStart.acknowledged().number() - 1, givenUp, owed);
        scan.read(control.segments());
        ChainRecovery events = new ChainRecovery(files, directory.events(), stored == null ? null : stored.events());
        events.read();
        if (proving) {
            scan.appends().read(files, events.segments());
        }
        // A segment whose end was destroyed stays until what it had is withdrawn.
        if (control.durable() && scan.appends().missing(false).isEmpty()) {
            events.deleteGivenUp(givenUp);
        }
        boolean damaged = scan.damaged() || !control.missing().isEmpty();
        Chain.Start eventsStart = events.finish(givenUp, scan.declared(), damaged);
        if (scan.firstDeclaration() != 0) {
            givenUp.explainedBefore(eventsStart.next(), scan.firstDeclaration());
        }
        List<LossRequests.Request> missing = new ArrayList<>(control.missing());
        missing.addAll(events.missing());
        Spool.PreviousRun previous = previousRun(scan, stored);
        TreeWindow log = proving && previous != null
                ? PrecedingLog.of(
                        files,
                        previous.identity(),
                        stored,
                        previous.identity().equals(scan.newestRun()) ? scan.signed() : null,
                        events.segments(),
                        control.segments())
                : null;
        return new SpoolRecovery(
                eventsStart,
                controlStart,
                givenUp,
                owed,
                missing,
                previous,
                lastEpoch(List.of(control, events), stored),
                log,
                proving ? toWithdraw(scan.appends(), !events.missing().isEmpty()) : List.of());
    }

    private static List<SignedAppends.Range> toWithdraw(SignedAppends appends, boolean ofUncertainRun) {
        List<SignedAppends.Range> destroyed = appends.missing(ofUncertainRun);
        if (!destroyed.isEmpty()) {
            LOG.error("the end of a segment was destroyed after it had been synced; withdrawn={}", destroyed);
        }
        List<SignedAppends.Range> all = new ArrayList<>(destroyed);
        all.addAll(appends.unlisted());
        return all;
    }

    private static Spool.@Nullable PreviousRun previousRun(ControlScan scan, SpoolCheckpoint.@Nullable Values stored) {
        RunIdentity newest = scan.newestRun();
        if (stored != null && newest != null && stored.identity().streamEpoch() > newest.streamEpoch()) {
            // That run had begun, and ended before it could append its STARTED; the STOPPED is of the run before.
            return new Spool.PreviousRun(stored.identity(), false, stored.aliveNanos(), scan.open());
        }
        RunIdentity before = newest == null && stored != null ? stored.identity() : newest;
        return before == null
                ? null
                : new Spool.PreviousRun(before, scan.clean(), stored == null ? 0 : stored.aliveNanos(), scan.open());
    }

    private static long lastEpoch(List<ChainRecovery> chains, SpoolCheckpoint.@Nullable Values stored) {
        long last = stored == null ? 0 : stored.identity().streamEpoch();
        for (ChainRecovery chain : chains) {
            last = Math.max(last, chain.lastEpoch());
        }
        return last;
    }
}
