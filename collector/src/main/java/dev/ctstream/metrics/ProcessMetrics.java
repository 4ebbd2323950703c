package dev.ctstream.metrics;

import com.sun.management.UnixOperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.lang.management.MemoryUsage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * Metrics of the process and of its JVM.
 *
 * <p>Source: the JVM's management beans; {@code /proc/self/status} (proc(5)).
 */
final class ProcessMetrics {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final long KIBIBYTE = 1024;
    private static final double NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final double MILLIS = TimeUnit.SECONDS.toMillis(1);

    private ProcessMetrics() {}

    static void register(Metrics metrics) {
        if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system) {
            metrics.doubleCounterFrom(ProcessMetric.CPU, () -> system.getProcessCpuTime() / NANOS);
            metrics.gauge(
                    ProcessMetric.OPEN_DESCRIPTORS, () -> system.getMaxFileDescriptorCount() - Descriptors.free());
            metrics.gauge(ProcessMetric.MOST_DESCRIPTORS, system::getMaxFileDescriptorCount);
        }
        metrics.doubleGauge(
                ProcessMetric.START, () -> ManagementFactory.getRuntimeMXBean().getStartTime() / MILLIS);
        metrics.doubleGauge(ProcessMetric.RESIDENT, () -> memory("VmRSS:"));
        metrics.doubleGauge(ProcessMetric.VIRTUAL, () -> memory("VmSize:"));
        registerJvm(metrics);
    }

    private static void registerJvm(Metrics metrics) {
        MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
        register(metrics, "heap", memory::getHeapMemoryUsage);
        register(metrics, "nonheap", memory::getNonHeapMemoryUsage);
        for (BufferPoolMXBean pool : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
            metrics.gauge(ProcessMetric.JVM_BUFFERS, pool::getMemoryUsed, pool.getName());
        }
        for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
            String name = collector.getName();
            metrics.counterFrom(ProcessMetric.JVM_COLLECTIONS, collector::getCollectionCount, name);
            metrics.doubleCounterFrom(
                    ProcessMetric.JVM_COLLECTION_TIME, () -> collector.getCollectionTime() / MILLIS, name);
        }
        metrics.gauge(
                ProcessMetric.JVM_THREADS,
                () -> ManagementFactory.getThreadMXBean().getThreadCount());
    }

    private static void register(Metrics metrics, String area, Supplier<MemoryUsage> usage) {
        register(metrics, ProcessMetric.JVM_USED, area, usage, MemoryUsage::getUsed);
        register(metrics, ProcessMetric.JVM_COMMITTED, area, usage, MemoryUsage::getCommitted);
        register(metrics, ProcessMetric.JVM_MOST, area, usage, MemoryUsage::getMax);
    }

    private static void register(
            Metrics metrics,
            ProcessMetric metric,
            String area,
            Supplier<MemoryUsage> usage,
            ToLongFunction<MemoryUsage> value) {
        metrics.gauge(metric, () -> value.applyAsLong(usage.get()), area);
    }

    /** A line of {@code /proc/self/status} that gives kibibytes, in bytes; NaN when it cannot be read. */
    private static double memory(String name) {
        try {
            for (String line :
                    Files.readString(STATUS, StandardCharsets.ISO_8859_1).split("\n", -1)) {
                if (line.startsWith(name)) {
                    return Long.parseLong(line.replaceAll("\\D", "")) * (double) KIBIBYTE;
                }
            }
        } catch (IOException | NumberFormatException e) {
            return Double.NaN;
        }
        return Double.NaN;
    }
}
