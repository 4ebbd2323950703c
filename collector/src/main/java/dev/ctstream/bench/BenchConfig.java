package dev.ctstream.bench;

import java.util.List;
import java.util.Map;

/**
 * What is to be measured: every reader at every rate with every number of zones, so many times over.
 *
 * @param readers in this order in each round, so that what changes on the machine meanwhile meets them all
 * @param load what each measurement raises; its rate and zones come from the lists
 * @param eventsPerSecond rates; 0 = as fast as possible
 * @param zones numbers of zones
 * @param warmUp before each measurement
 * @param cpus who runs where
 * @param jvmOptions for the JVM of a measured collector, for instance a flight recording
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
    /** Copies the collections, and checks every load. */
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
     * Events that are raised before anything is measured: the JVM compiles by them.
     *
     * @param eventsPerSecond 0 = as fast as possible
     */
    public record WarmUp(double seconds, long eventsPerSecond) {}

    /**
     * Which process is kept on which CPU.
     *
     * @param load the generator
     * @param reader the measured process, with all its threads
     */
    public record Cpus(int load, int reader) {
        /** Refuses a CPU that is not there. */
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

    /** Every load, rates within zones. */
    List<LoadSpec> loads() {
        return zones.stream()
                .flatMap(zone -> eventsPerSecond.stream().map(rate -> load.with(zone, rate)))
                .toList();
    }
}
