package dev.ctstream.metrics;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The health of the collector by component, with the reason when a component is not ready.
 *
 * <p>Ready: every component that has reported is ready, and at least one has. Live: no component has failed
 * permanently; otherwise the supervisor should restart the process. Progressing: live, and no stage stands still.
 *
 * <p>Threads: any; for the control side, not for the per-event path.
 */
public final class Health {
    private final Map<String, State> components = new TreeMap<>();
    private final Map<String, Supplier<@Nullable String>> watched = new TreeMap<>();
    private final Map<String, BooleanSupplier> stages = new TreeMap<>();

    /**
     * A component's last report.
     *
     * @param reason why it is not ready, or what it does; one line
     */
    public record State(boolean ready, boolean failed, String reason) {}

    /** Replaces a component's last report. */
    public synchronized void report(String component, boolean ready, String reason) {
        components.put(component, new State(ready, false, reason));
    }

    /** Reports that a component is broken and will not recover by itself. */
    public synchronized void fail(String component, String reason) {
        components.put(component, new State(false, true, reason));
    }

    /**
     * Watches a condition that nobody can report when it holds, such as a thread that stands still.
     *
     * @param red called whenever health is asked for, by any thread; returns why the component is not ready, null = ready
     */
    public synchronized void watch(String component, Supplier<@Nullable String> red) {
        watched.put(component, red);
    }

    /**
     * Watches whether a stage that no report can come from stands still, so that only a restart helps.
     *
     * @param still called by any thread
     */
    public synchronized void watchStage(String stage, BooleanSupplier still) {
        stages.put(stage, still);
    }

    /** Forgets a component, for instance a network namespace that is gone. */
    public synchronized void remove(String component) {
        components.remove(component);
        watched.remove(component);
        stages.remove(component);
    }

    /** Whether nothing has failed permanently. */
    public synchronized boolean live() {
        return components.values().stream().noneMatch(State::failed);
    }

    /** Whether nothing has failed permanently, and no stage stands still. */
    public synchronized boolean progressing() {
        return live() && stages.values().stream().noneMatch(BooleanSupplier::getAsBoolean);
    }

    /** Whether everything is ready; false before the first report. */
    public synchronized boolean ready() {
        return !components.isEmpty() && components().values().stream().allMatch(State::ready);
    }

    /** The reasons of the components that are not ready, sorted by component; empty when all are ready. */
    public synchronized Map<String, String> reasons() {
        Map<String, String> reasons = new TreeMap<>();
        components().forEach((component, state) -> {
            if (!state.ready()) {
                reasons.put(component, state.reason());
            }
        });
        return reasons;
    }

    /** The components that {@link #watch} watches. They are in {@link #components} only while they are not ready. */
    synchronized Set<String> watched() {
        return Set.copyOf(watched.keySet());
    }

    /** A copy of every component's state, sorted by name. */
    public synchronized Map<String, State> components() {
        Map<String, State> all = new TreeMap<>(components);
        watched.forEach((component, red) -> {
            String reason = red.get();
            if (reason != null) {
                all.put(component, new State(false, false, reason));
            }
        });
        return all;
    }
}
