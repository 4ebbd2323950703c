package dev.ctstream.bench;

import java.util.List;
import java.util.Map;

/**
 * What to measure: every reader at every rate with every number of zones, in each of the rounds.
 *
 * @param readers run in this order in each round, so that changes on the machine affect all of them
 * @param load the load of each measurement; its rate and zones come from the lists
 * @param eventsPerSecond rates; 0 = as fast as possible
 * @param zones zone counts
 * @param warmUp before each measurement
 * @param cpus which process runs on which CPU
 * @param jvmOptions options for the JVM of a measured collector, for instance a flight recording
 * @param keys configuration of a measured collector
 * @param version of this program
 */
public record BenchConfig(
        List<Reader> readers,
        LoadSpec load,
        List<Long> eventsPerSecond,
        List<Integer> zones,
        int rounds,
        WarmUp warmUp,
        Cpus cpus,
        List<String> jvmOptions,
        Map<String, String> keys,
        String version) {
    /** Copies the collections and checks every load. */
    public BenchConfig {
        readers = List.copyOf(readers);
        eventsPerSecond = List.copyOf(eventsPerSecond);
        zones = List.copyOf(zones);
        jvmOptions = List.copyOf(jvmOptions);
        keys = Map.copyOf(keys);
        for (int zone : zones) {
            for (long rate : eventsPerSecond) {
                load.with(zone, rate);
            }
        }
    }

    /**
     * Events generated before the measurement: they make the JVM compile its code.
     *
     * @param eventsPerSecond 0 = as fast as possible
     */
    public record WarmUp(double seconds, long eventsPerSecond) {}

    /**
     * Which process is pinned to which CPU.
     *
     * @param load the generator
     * @param reader the measured process, with all its threads
     */
    public record Cpus(int load, int reader) {
        /** Rejects a CPU that does not exist. */
        public Cpus {
            int count = Runtime.getRuntime().availableProcessors();
            for (int cpu : new int[] {load, reader}) {
                if (cpu < 0 || cpu >= count) {
                    throw new IllegalArgumentException("there is no CPU " + cpu
                            + ": the load and the reader need one each, and this machine has " + count);
                }
            }
        }
    }

    /** Every load: for each number of zones, all rates. */
    List<LoadSpec> loads() {
        return zones.stream()
                .flatMap(zone -> eventsPerSecond.stream().map(rate -> load.with(zone, rate)))
                .toList();
    }
}
