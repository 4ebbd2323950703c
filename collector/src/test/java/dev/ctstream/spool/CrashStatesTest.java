package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/**
 * Every image that a crash or a power loss may leave of every short history, see {@link CrashModel}; and planted faults,
 * each of which must be found.
 *
 * <p>{@code -Dcrash.seconds=600} gives more time to the short histories. {@code -Dcrash.history=edsa} plays one history;
 * {@code -Dcrash.seeds=10000} plays that many random ones of {@value #LONG} steps from {@code -Dtest.seed} on, and {@code
 * -Dcrash.images=1000000} ends them when so many images were recovered.
 */
class CrashStatesTest {
    private static final String HISTORY = System.getProperty("crash.history", "");
    private static final CrashFault FAULT = CrashFault.valueOf(System.getProperty("crash.fault", "NONE"));
    private static final int SEEDS = Integer.getInteger("crash.seeds", 60);
    private static final long IMAGES_MOST = Long.getLong("crash.images", Long.MAX_VALUE);
    private static final long SEED = Long.getLong("test.seed", 1);
    private static final int SECONDS = Integer.getInteger("crash.seconds", 15);
    private static final int PROOF_SECONDS = Integer.getInteger("crash.proof.seconds", 4);
    private static final int LONG = 12;
    private static final int ALL_STEPS_MOST = 3;
    private static final int WRITING_STEPS_MOST = 5;
    private static final int IMAGES_LEAST = 20_000;
    /** What is played when the time does not suffice for all is spread over them, the same each time. */
    private static final long SHUFFLE_SEED = 20_000;

    private static final long FOUND_WITHIN_SECONDS = 60;

    @TempDir
    private Path folder;

    @BeforeAll
    static void silence() {
        ((Logger) LoggerFactory.getLogger("dev.ctstream")).setLevel(Level.OFF); // each image makes dozens of lines
    }

    @AfterAll
    static void speak() {
        ((Logger) LoggerFactory.getLogger("dev.ctstream")).setLevel(null);
    }

    @Test
    void recoveryIsRightWhateverACrashLeaves() throws Exception {
        CrashModel model = new CrashModel(FAULT);
        List<List<CrashStep>> histories = HISTORY.isEmpty() ? shortOnes() : List.of(CrashStep.history(HISTORY));
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        play(
                model,
                "short",
                histories.size(),
                histories::get,
                () -> System.nanoTime() - until < 0 || model.images() < IMAGES_LEAST);
        if (HISTORY.isEmpty()) {
            assertThat(model.images()).as("images, distinct by content").isGreaterThanOrEqualTo(IMAGES_LEAST);
        }
    }

    @Test
    void recoveryIsRightAfterRandomHistories() throws Exception {
        CrashModel model = new CrashModel(FAULT);
        play(
                model,
                "random, seeds from " + SEED,
                SEEDS,
                CrashStatesTest::random,
                () -> model.recoveries() < IMAGES_MOST);
    }

    /**
     * The same with the log proven: whatever a crash leaves, what was signed is there or withdrawn, and the next run
     * continues after it.
     */
    @Test
    void everyRecoveryContinuesALogThatVerifies() throws Exception {
        CrashModel model = proving(FAULT);
        List<List<CrashStep>> histories = HISTORY.isEmpty() ? shortOnes() : List.of(CrashStep.history(HISTORY));
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(PROOF_SECONDS);
        play(model, "proven, short", histories.size(), histories::get, () -> System.nanoTime() - until < 0);
        if (HISTORY.isEmpty()) {
            long longer = System.nanoTime() + TimeUnit.SECONDS.toNanos(PROOF_SECONDS);
            play(
                    model,
                    "proven, random, seeds from " + SEED,
                    SEEDS,
                    CrashStatesTest::random,
                    () -> System.nanoTime() - longer < 0);
        }
    }

    /** Histories in which the model has found a fault, of the product or its own. */
    @ParameterizedTest
    @ValueSource(strings = {"lazdn", "bkbmz", "fizuj", "ozlfmiwzujhe", "aagahsnmnbyf", "dogkga", "bauimbfhdncr"})
    void aHistoryThatOnceFailedHolds(String letters) throws IOException {
        assertThat(failure(new CrashModel(CrashFault.NONE), CrashStep.history(letters)))
                .isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"uhmjghelhyhf", "emy", "lmx", "olxm", "lhoin", "fagnu", "zbhjcfu"})
    void aProvenHistoryThatOnceFailedHolds(String letters) throws Exception {
        assertThat(failure(proving(CrashFault.NONE), CrashStep.history(letters)))
                .isNull();
    }

    /** A model of a spool whose log is proven. */
    private CrashModel proving(CrashFault fault) throws Exception {
        Path key = folder.resolve("proof.key");
        ProofKeyFile.generate("host-1").create(key);
        return new CrashModel(fault, new ProofConfig(key, 0));
    }

    /**
     * All histories of up to {@value #ALL_STEPS_MOST} steps, and those of up to {@value #WRITING_STEPS_MOST} of the steps
     * that write. The shorter ones come first, the others in an order that mixes them.
     */
    private static List<List<CrashStep>> shortOnes() {
        List<CrashStep> all = List.of(CrashStep.values());
        List<List<CrashStep>> longer = new ArrayList<>(CrashStep.histories(all, ALL_STEPS_MOST));
        for (int length = ALL_STEPS_MOST + 1; length <= WRITING_STEPS_MOST; length++) {
            longer.addAll(CrashStep.histories(CrashStep.WRITING, length));
        }
        Collections.shuffle(longer, new Random(SHUFFLE_SEED));
        List<List<CrashStep>> histories = new ArrayList<>();
        for (int length = 1; length < ALL_STEPS_MOST; length++) {
            histories.addAll(CrashStep.histories(all, length));
        }
        histories.addAll(longer);
        return histories;
    }

    /** The history of a seed. */
    private static List<CrashStep> random(int index) {
        CrashStep[] steps = CrashStep.values();
        return new SplittableRandom(SEED + index)
                .ints(LONG, 0, steps.length)
                .mapToObj(step -> steps[step])
                .toList();
    }

    /** Plays histories on all processors as long as it may go on, and prints how many that were. */
    private static void play(
            CrashModel model, String which, int count, IntFunction<List<CrashStep>> histories, BooleanSupplier goesOn)
            throws Exception {
        long began = System.nanoTime();
        AtomicInteger next = new AtomicInteger();
        int threads = Runtime.getRuntime().availableProcessors();
        ExecutorService players = Executors.newFixedThreadPool(threads);
        try {
            List<Future<?>> playing = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                playing.add(players.submit(() -> {
                    for (int at = next.getAndIncrement();
                            at < count && goesOn.getAsBoolean();
                            at = next.getAndIncrement()) {
                        playOne(model, histories.apply(at));
                    }
                    return null;
                }));
            }
            for (Future<?> one : playing) {
                one.get();
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof AssertionError failure) {
                throw failure;
            }
            throw e;
        } finally {
            players.shutdownNow();
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        System.out.printf(
                "crash states (%s): %d images, %d of them distinct, %d recoveries, of %d histories (of %d) in %.1f s;"
                        + " %.0f images a minute; slowest start %.0f ms%n",
                which,
                model.made(),
                model.images(),
                model.recoveries(),
                model.histories(),
                count,
                seconds,
                model.made() / seconds * 60,
                model.slowestStartMillis());
    }

    /** An error says how to repeat the history, and the shortest one that still fails. */
    private static void playOne(CrashModel model, List<CrashStep> history) throws IOException {
        try {
            model.play(history);
        } catch (CrashCheck.Broken | AssertionError e) {
            List<CrashStep> least = shortest(model, history);
            Throwable last = failure(model.anew(), least);
            throw new AssertionError(
                    e.getMessage() + "\nrepeat: " + command(model, history) + "\nshortest: " + command(model, least)
                            + ": " + (last == null ? "fails only among others" : last.getMessage()),
                    e);
        }
    }

    private static String command(CrashModel model, List<CrashStep> history) {
        return "mvn -pl collector -am test -Dtest=CrashStatesTest#"
                + (model.isProving() ? "everyRecovery*" : "recovery*Leaves")
                + " -Dsurefire.failIfNoSpecifiedTests=false -Dcrash.history=" + CrashStep.letters(history)
                + (FAULT == CrashFault.NONE ? "" : " -Dcrash.fault=" + FAULT);
    }

    /** Leaves out steps as long as the history still fails. */
    private static List<CrashStep> shortest(CrashModel model, List<CrashStep> failing) throws IOException {
        List<CrashStep> history = failing;
        for (int i = history.size() - 1; i >= 0 && history.size() > 1; i--) {
            List<CrashStep> fewer = new ArrayList<>(history);
            fewer.remove(i);
            if (failure(model.anew(), fewer) != null) {
                history = fewer;
                i = history.size(); // from the end again
            }
        }
        return history;
    }

    private static @Nullable Throwable failure(CrashModel model, List<CrashStep> history) throws IOException {
        try {
            model.play(history);
            return null;
        } catch (CrashCheck.Broken | AssertionError e) {
            return e;
        }
    }

    @Test
    void aFailingHistoryIsShortened() throws IOException {
        assertThat(CrashStep.letters(shortest(new CrashModel(CrashFault.STOPPED_AT_ZERO), CrashStep.history("eochz"))))
                .isEqualTo("z");
    }

    @ParameterizedTest
    @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void aPlantedFaultIsFound(CrashFault fault) throws IOException {
        List<CrashStep> history = CrashStep.history(history(fault));
        long began = CrashModel.cpuNanos();
        CrashModel model = new CrashModel(fault);
        Throwable found = failure(model, history);
        double seconds = (CrashModel.cpuNanos() - began) / 1e9;
        System.out.printf(
                "planted %s: found with history=%s steps=%d images=%d seconds=%.1f: %s%n",
                fault,
                CrashStep.letters(history),
                history.size(),
                model.made(),
                seconds,
                found == null ? "NO" : found.getMessage());
        assertThat(found).as("planted: %s", fault).isInstanceOf(CrashCheck.Broken.class);
        assertThat(seconds).as("CPU seconds until it is found").isLessThan(FOUND_WITHIN_SECONDS);
        assertThat(failure(new CrashModel(CrashFault.NONE), history))
                .as("without the fault")
                .isNull();
    }

    /** The shortest history in which a fault shows. */
    private static String history(CrashFault fault) {
        return switch (fault) {
            case GAP_NOT_SYNCED,
                    UNLINKED_BEFORE_SYNC,
                    CONTROL_ENTRIES_NOT_SYNCED,
                    GIVES_UP_IGNORED,
                    EVENT_NUMBERS_AGAIN -> "d";
            case UNLINKED_AFTER_HANDOVER -> "da";
            case RENAMED_BEFORE_SYNCED, POSITION_NOT_SYNCED, POSITION_IGNORED -> "e";
            case EPOCH_NOT_RISING -> "a";
            case CONTROL_NUMBERS_AGAIN -> "s";
            case STOPPED_AT_ZERO -> "z";
            case ACKNOWLEDGED_EARLY -> "en";
            case LOG_INDEX_KEPT -> "fc";
            case REWOUND_TOO_SHORT -> "eowas";
            case REWOUND_TOO_FAR -> "eaewo";
            case CONTROL_DELETED_EARLY -> "eoexcccos";
            case NONE -> "";
        };
    }
}
