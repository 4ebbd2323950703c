package dev.ctstream.publish;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.spool.Spool;
import java.util.Map;
import java.util.TreeMap;

/**
 * When the collector of a host closes its batches and sends them, from the constants of the stages: at the common tick, or
 * when a batch is full. Events are taken as independent of each other (Poisson), and brokers as near.
 *
 * @param eventsPerSecond of the host
 * @param tickSeconds from one tick to the next
 * @param recordsPerSecond batches that are closed
 * @param roundsPerSecond times at which batches reach the producer; each is a request to every broker that leads one of
 *     their partitions
 */
record HostRates(double eventsPerSecond, double tickSeconds, double recordsPerSecond, double roundsPerSecond) {
    /** Encoded bytes of an event before compression, for {@code batch.max-bytes}. */
    private static final int ENCODED_EVENT_BYTES = 150;

    private static final int STEPS = 500;

    /** The rates of a host of this class. */
    static HostRates of(HostClass host, BatchConfig config) {
        double rate = host.eventsPerSecond();
        if (rate == 0) {
            return new HostRates(0, Double.POSITIVE_INFINITY, 0, 0);
        }
        Streams streams = new Streams(host, fullEvents(config));
        double tick = tickSeconds(streams, config);
        double full = streams.fullPerSecond(tick);
        return new HostRates(rate, tick, full + streams.open(tick) / tick, rounds(1 / tick + full));
    }

    /** Events at which a batch is full. */
    static int fullEvents(BatchConfig config) {
        return Math.max(1, Math.min(config.maxEvents(), config.maxBytes() / ENCODED_EVENT_BYTES));
    }

    /** The tick is due a linger after the first event, or when the open batches have many events. */
    private static double tickSeconds(Streams streams, BatchConfig config) {
        double last = config.lingerMillis() / 1000.0 + 1 / streams.eventsPerSecond;
        for (int step = 1; step < STEPS; step++) {
            double seconds = last * step / STEPS;
            if (streams.openEvents(seconds) >= config.tickEvents(Math.round(streams.open(seconds)))) {
                return seconds;
            }
        }
        return last;
    }

    /**
     * Rounds of the spool thread when batches come at this rate: a round that follows another closely is followed by a
     * pause, in which batches gather.
     */
    private static double rounds(double arrivalsPerSecond) {
        double pause = Spool.PAUSE_NANOS / 1e9;
        return 1 / (pause + Math.exp(-arrivalsPerSecond * pause) / arrivalsPerSecond);
    }

    /** Full batches a second of a stream; the tick closes what is left, half a batch on average. */
    static double fullPerSecond(double rate, double tickSeconds, int full) {
        double events = rate * tickSeconds;
        return events < full ? 0 : rate / full * (1 - full / 2.0 / events);
    }

    /**
     * Probability that a stream, or one of several, has an open batch at a tick.
     *
     * @param share of the host's events
     */
    double openAtTick(double share) {
        return open(eventsPerSecond, share, tickSeconds);
    }

    /** The first event begins the wait for the tick; the others come in it. */
    private static double open(double eventsPerSecond, double share, double seconds) {
        double wait = Math.max(0, seconds - 1 / eventsPerSecond);
        return 1 - (1 - share) * Math.exp(-eventsPerSecond * share * wait);
    }

    /**
     * Rounds that have a batch of some streams.
     *
     * @param share of the host's events that the streams have
     * @param fullPerSecond full batches of the streams
     */
    double requestsPerSecond(double share, double fullPerSecond) {
        double ticks = Math.min(1, 1 / tickSeconds / roundsPerSecond); // of the rounds
        double noneFull = Math.exp(-fullPerSecond / roundsPerSecond);
        return roundsPerSecond * (1 - noneFull * (1 - ticks * openAtTick(share)));
    }

    /** The streams of a host, those of equal rate together. */
    private static final class Streams {
        private final double eventsPerSecond;
        private final int full;
        private final Map<Double, Integer> countByRate = new TreeMap<>();

        Streams(HostClass host, int full) {
            eventsPerSecond = host.eventsPerSecond();
            this.full = full;
            int namespaces = host.namespaces().size();
            host.zones()
                    .values()
                    .forEach(
                            share -> countByRate.merge(eventsPerSecond * share / namespaces, namespaces, Integer::sum));
        }

        /** Streams with an open batch, this long after a tick. */
        double open(double seconds) {
            double sum = 0;
            for (Map.Entry<Double, Integer> streams : countByRate.entrySet()) {
                sum += streams.getValue()
                        * HostRates.open(eventsPerSecond, streams.getKey() / eventsPerSecond, seconds);
            }
            return sum;
        }

        /** Events in open batches; a stream that has filled one has half a batch on average. */
        double openEvents(double seconds) {
            double sum = 0;
            for (Map.Entry<Double, Integer> streams : countByRate.entrySet()) {
                double events = streams.getKey() * seconds;
                sum += streams.getValue() * (events < full ? events : full / 2.0);
            }
            return sum;
        }

        double fullPerSecond(double tickSeconds) {
            double sum = 0;
            for (Map.Entry<Double, Integer> streams : countByRate.entrySet()) {
                sum += streams.getValue() * HostRates.fullPerSecond(streams.getKey(), tickSeconds, full);
            }
            return sum;
        }
    }
}
