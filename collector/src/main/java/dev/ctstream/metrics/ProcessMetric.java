package dev.ctstream.metrics;

import static dev.ctstream.metrics.MetricDescription.counter;
import static dev.ctstream.metrics.MetricDescription.gauge;

/** What is known of every process, named as Prometheus' client libraries name it. */
public enum ProcessMetric implements StageMetric {
    CPU(counter("process_cpu_seconds_total", "seconds", "CPU time of the process, in user and kernel mode.")),
    START(gauge("process_start_time_seconds", "seconds", "When the process began, since 1970-01-01 UTC.")),
    OPEN_DESCRIPTORS(gauge("process_open_fds", "descriptors", "Open file descriptors.")),
    MOST_DESCRIPTORS(gauge("process_max_fds", "descriptors", "Most file descriptors that may be open.")),
    RESIDENT(gauge("process_resident_memory_bytes", "bytes", "Memory of the process that is in RAM.")),
    VIRTUAL(gauge("process_virtual_memory_bytes", "bytes", "Address space of the process.")),
    JVM_USED(gauge("jvm_memory_used_bytes", "bytes", "Memory that the JVM uses.", "area")),
    JVM_COMMITTED(gauge("jvm_memory_committed_bytes", "bytes", "Memory that the JVM has from the system.", "area")),
    JVM_MOST(gauge("jvm_memory_max_bytes", "bytes", "Most memory that the JVM may use; -1: not limited.", "area")),
    JVM_BUFFERS(gauge("jvm_buffer_pool_used_bytes", "bytes", "Memory of buffers outside the heap.", "pool")),
    JVM_COLLECTIONS(counter("jvm_gc_collections_total", "collections", "Garbage collections.", "gc")),
    JVM_COLLECTION_TIME(
            counter("jvm_gc_collection_seconds_total", "seconds", "Time that garbage collections took.", "gc")),
    JVM_THREADS(gauge("jvm_threads_current", "threads", "Threads of the JVM."));

    @SuppressWarnings("ImmutableEnumChecker") // a record of texts
    private final MetricDescription description;

    ProcessMetric(MetricDescription description) {
        this.description = description;
    }

    @Override
    public MetricDescription description() {
        return description;
    }
}
