package dev.ctstream.metrics;

import java.util.Map;
import java.util.TreeMap;

/**
 * Whether the collector does its work, by component, with the reason when it does not.
 *
 * <p>Ready: every component that has reported is ready, and at least one has. Live: no component has failed for good;
 * whoever watches the process should restart it otherwise.
 *
 * <p>Threads: any; for the control side, not for what happens per event.
 */
public final class Health {
    private final Map<String, State> components = new TreeMap<>();

    /**
     * What a component last said of itself.
     *
     * @param reason why it is not ready, or what it does; one line
     */
    public record State(boolean ready, boolean failed, String reason) {}

    /** Takes a component's word, in place of its last one. */
    public synchronized void report(String component, boolean ready, String reason) {
        components.put(component, new State(ready, false, reason));
    }

    /** A component is broken and will not recover by itself. */
    public synchronized void fail(String component, String reason) {
        components.put(component, new State(false, true, reason));
    }

    /** Forgets a component, for instance a network namespace that is gone. */
    public synchronized void remove(String component) {
        components.remove(component);
    }

    /** Whether nothing has failed for good. */
    public synchronized boolean live() {
        return components.values().stream().noneMatch(State::failed);
    }

    /** Whether everything is ready; false before the first report. */
    public synchronized boolean ready() {
        return !components.isEmpty() && components.values().stream().allMatch(State::ready);
    }

    /** The reasons of those that are not ready, by component, sorted; empty when all are. */
    public synchronized Map<String, String> reasons() {
        Map<String, String> reasons = new TreeMap<>();
        components.forEach((component, state) -> {
            if (!state.ready()) {
                reasons.put(component, state.reason());
            }
        });
        return reasons;
    }

    /** A copy of every component's state, sorted by name. */
    public synchronized Map<String, State> components() {
        return new TreeMap<>(components);
    }
}
