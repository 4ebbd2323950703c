package dev.ctstream.it;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.spool.SpoolConfig;
import dev.ctstream.track.TrackConfig;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * What a history of the step model is made of.
 *
 * @param seed decides everything that happens
 * @param turns steps of the stages before the end, which lets all come to rest
 * @param without kinds of disturbance that are left out, to shorten a history
 * @param fault planted
 */
record StepSettings(long seed, int turns, Set<Kind> without, Fault fault) {
    /** A kind of disturbance. */
    enum Kind {
        KILL,
        STOP,
        NAMESPACES,
        BROKER,
        OVERRUN,
        SMALL_RING,
        SMALL_SPOOL,
        DUMP_INTERRUPTED,
        LONG_WAIT
    }

    /** A fault that a test plants, and the model must find. */
    enum Fault {
        NONE,
        ACKNOWLEDGE_EARLY,
        PRODUCER_STAYS_OPEN,
        REWIND_TOO_FAR,
        REWIND_TOO_SHORT,
        HOLE_BEFORE_GAP,
        SEQUENCES_AGAIN,
        CONTROL_NUMBERS_AGAIN,
        STOPPED_AT_ZERO,
        RESTART_UNDECLARED,
        RING_FORGETS,
        TAIL_UNMARKED,
        DROPS_UNDECLARED
    }

    static StepSettings of(long seed, int turns) {
        return new StepSettings(seed, turns, EnumSet.noneOf(Kind.class), Fault.NONE);
    }

    StepSettings turns(int other) {
        return new StepSettings(seed, other, without, fault);
    }

    StepSettings but(Kind kind) {
        Set<Kind> more = EnumSet.noneOf(Kind.class);
        more.addAll(without);
        more.add(kind);
        return new StepSettings(seed, turns, more, fault);
    }

    StepSettings planted(Fault other) {
        return new StepSettings(seed, turns, without, other);
    }

    boolean has(Kind kind) {
        return !without.contains(kind);
    }

    /** The properties of the command that repeats it. */
    String properties() {
        StringBuilder text = new StringBuilder("-Dmodel.seed=" + seed + " -Dmodel.turns=" + turns);
        if (!without.isEmpty()) {
            text.append(" -Dmodel.without=").append(without.toString().replaceAll("[\\[\\] ]", ""));
        }
        return fault == Fault.NONE
                ? text.toString()
                : text.append(" -Dmodel.fault=").append(fault).toString();
    }

    /** Sizes and times of one history. */
    record Sizes(
            BatchConfig batch, TrackConfig track, SpoolConfig spool, int ringSlots, int socketEvents, boolean batches) {
        private static final TrackConfig.Timing TIMING = new TrackConfig.Timing(7_000, 300, 200, 300);

        static Sizes of(StepSettings settings, Path directory) {
            SplittableRandom random = new SplittableRandom(settings.seed ^ 0x51_2E5L);
            boolean small = settings.has(Kind.SMALL_SPOOL) && random.nextInt(3) == 0;
            SpoolConfig.WhenFull full =
                    random.nextBoolean() ? SpoolConfig.WhenFull.DROP_OLDEST : SpoolConfig.WhenFull.DROP_NEWEST;
            return new Sizes(
                    new BatchConfig(1 + random.nextInt(12), 4 << 10, random.nextInt(3) * 25),
                    new TrackConfig(true, 5_000, random.nextInt(5) == 0 ? 20 : 1000, 1_000, false, TIMING),
                    new SpoolConfig(
                            directory,
                            small ? 48 << 10 : 8 << 20,
                            small ? 8 << 10 : 16 << 10,
                            small ? 256 << 10 : 512 << 10,
                            random.nextBoolean() ? 1000 : 50,
                            full),
                    settings.has(Kind.SMALL_RING) && random.nextInt(3) == 0 ? 4 : 1024,
                    settings.has(Kind.OVERRUN) && random.nextInt(2) == 0 ? 12 : 100_000,
                    random.nextInt(4) != 0);
        }
    }
}
