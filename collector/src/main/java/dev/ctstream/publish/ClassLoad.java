package dev.ctstream.publish;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.control.HeartbeatInterval;
import dev.ctstream.record.Partitioning;
import java.util.HashMap;
import java.util.Map;

/**
 * What one host of a class sends to Kafka, on average.
 *
 * @param hosts the class
 * @param recordsPerSecond records of events
 * @param requestsPerSecond produce requests, to all brokers together
 * @param bytesPerSecond compressed bytes of events
 * @param heartbeatsPerSecond HEARTBEAT records
 * @param heartbeatBytesPerSecond compressed bytes of them
 */
public record ClassLoad(
        HostClass hosts,
        double recordsPerSecond,
        double requestsPerSecond,
        double bytesPerSecond,
        double heartbeatsPerSecond,
        double heartbeatBytesPerSecond) {
    /** Streams of a class whose partitions are looked at; requests and bytes are averages over their hosts. */
    private static final long STREAMS_MOST = 1_000_000;

    private static final int HOSTS_MOST = 200;

    /** Events in a record. */
    public double eventsPerRecord() {
        return recordsPerSecond == 0 ? 0 : hosts.eventsPerSecond() / recordsPerSecond;
    }

    /** Compressed bytes of an event. */
    public double bytesPerEvent() {
        return hosts.eventsPerSecond() == 0 ? 0 : bytesPerSecond / hosts.eventsPerSecond();
    }

    /** The load of a class. */
    static ClassLoad of(HostClass hosts, TopicPlan.Settings settings, int partitions) {
        Average average = new Average(hosts, settings, partitions);
        int looked = (int) Math.max(1, Math.min(Math.min(hosts.hosts(), HOSTS_MOST), STREAMS_MOST / hosts.streams()));
        for (int host = 0; host < looked; host++) {
            average.add(hosts.hostId(host));
        }
        HostRates rates = average.rates;
        return new ClassLoad(
                hosts,
                rates.recordsPerSecond(),
                average.requests / looked,
                average.bytes / looked,
                average.heartbeats.recordsPerSecond(),
                average.heartbeats.bytesPerSecond());
    }

    /** Adds up what single hosts send. */
    private static final class Average {
        private final HostClass hosts;
        private final BatchConfig batch;
        private final int partitions;
        private final int brokers;
        private final Partitioning partitioning;
        private final HostRates rates;
        private final HeartbeatRates heartbeats;
        private double requests;
        private double bytes;

        Average(HostClass hosts, TopicPlan.Settings settings, int partitions) {
            this.hosts = hosts;
            this.partitions = partitions;
            batch = settings.batch();
            brokers = settings.brokers();
            partitioning = new Partitioning(settings.widths());
            rates = HostRates.of(hosts, batch);
            heartbeats = HeartbeatRates.of(hosts, settings.heartbeatMillis() / 1000.0);
        }

        void add(String hostId) {
            requests += heartbeats.requestsPerSecond(hosts, hostId, partitioning, partitions, brokers);
            if (hosts.eventsPerSecond() > 0) {
                addEvents(hostId);
            }
        }

        private void addEvents(String hostId) {
            Map<Integer, Group> byPartition = new HashMap<>();
            Map<Integer, Group> byBroker = new HashMap<>();
            double each = hosts.eventsPerSecond() / hosts.namespaces().size();
            for (String netns : hosts.namespaces()) {
                for (Map.Entry<Integer, Double> zone : hosts.zones().entrySet()) {
                    int partition = partitioning.ofEvents(hostId, netns, zone.getKey(), partitions);
                    Group stream = stream(each * zone.getValue());
                    byPartition.computeIfAbsent(partition, added -> new Group()).add(stream);
                    byBroker.computeIfAbsent(partition % brokers, added -> new Group())
                            .add(stream);
                }
            }
            byBroker.values().forEach(broker -> requests += rates.requestsPerSecond(broker.share(), broker.full));
            byPartition.values().forEach(partition -> {
                double batches = rates.requestsPerSecond(partition.share(), partition.full);
                double events = Math.max(1, partition.events / batches);
                double records = Math.max(1, Math.min(events, partition.records / batches));
                bytes += batches * BatchBytes.of(events, records);
            });
        }

        private Group stream(double eventsPerSecond) {
            Group stream = new Group();
            stream.events = eventsPerSecond;
            stream.full = HostRates.fullPerSecond(eventsPerSecond, rates.tickSeconds(), HostRates.fullEvents(batch));
            stream.records = stream.full + rates.openAtTick(stream.share()) / rates.tickSeconds();
            return stream;
        }

        /** Streams of the host that share a partition, or a broker; all a second. */
        private final class Group {
            private double events;
            private double records;
            private double full;

            void add(Group other) {
                events += other.events;
                records += other.records;
                full += other.full;
            }

            /** Share of the host's events. */
            double share() {
                return events / hosts.eventsPerSecond();
            }
        }
    }

    /**
     * HEARTBEAT records of one host.
     *
     * @param intervalSeconds from one look at the namespaces to the next
     * @param perInterval of one namespace, 0 to 1
     * @param recordsPerSecond of all namespaces
     * @param bytesPerSecond of all namespaces
     */
    private record HeartbeatRates(
            double intervalSeconds, double perInterval, double recordsPerSecond, double bytesPerSecond) {
        static HeartbeatRates of(HostClass host, double intervalSeconds) {
            int namespaces = host.namespaces().size();
            double rate = host.eventsPerSecond() / namespaces;
            double idle = Math.exp(-rate * intervalSeconds);
            double perInterval = namespaces == 1 ? 1 : 1 / HeartbeatInterval.meanIntervals(idle);
            double records = namespaces * perInterval / intervalSeconds;
            double between = intervalSeconds / perInterval;
            double streams = host.zones().values().stream()
                    .mapToDouble(share -> -Math.expm1(-rate * share * between))
                    .sum();
            return new HeartbeatRates(intervalSeconds, perInterval, records, records * BatchBytes.heartbeat(streams));
        }

        /** A host's namespaces report at the same time. */
        double requestsPerSecond(
                HostClass host, String hostId, Partitioning partitioning, int partitions, int brokers) {
            Map<Integer, Double> untouched = new HashMap<>();
            for (String netns : host.namespaces()) {
                int broker = partitioning.ofControl(hostId, netns, partitions) % brokers;
                untouched.merge(broker, 1 - perInterval, (a, b) -> a * b);
            }
            return untouched.values().stream().mapToDouble(none -> 1 - none).sum() / intervalSeconds;
        }
    }
}
