package dev.ctstream.cli;

import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import dev.ctstream.bench.Broker;
import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.netlink.ProcessControl;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import javax.management.JMException;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;
import org.jspecify.annotations.Nullable;

/** A temporary broker for one measurement. */
final class BenchBroker implements Broker {
    /** One for each version of the request. */
    private static final String PRODUCE = "kafka.network:type=RequestMetrics,name=RequestsPerSec,request=Produce,*";

    private final EmbeddedBroker broker;

    private BenchBroker(EmbeddedBroker broker) {
        this.broker = broker;
    }

    /**
     * Starts a broker.
     *
     * @param cpu CPU that it is pinned to; null = any
     */
    static BenchBroker start(@Nullable Integer cpu) throws IOException {
        EmbeddedBroker broker = EmbeddedBroker.temporary(Map.of("log.message.timestamp.type", "LogAppendTime"));
        CompletableFuture<@Nullable Void> started = new CompletableFuture<>();
        new Thread(
                        () -> {
                            try {
                                if (cpu != null) {
                                    ProcessControl.pinThread(cpu);
                                }
                                broker.start();
                                started.complete(null);
                            } catch (IOException | RuntimeException e) {
                                started.completeExceptionally(e);
                            }
                        },
                        "bench-broker-start")
                .start();
        try {
            started.get();
            return new BenchBroker(broker);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            started.handle((done, failure) -> true)
                    .join(); // wait: closing a broker before it has started would not stop it from starting
            broker.close();
            throw new IOException("interrupted", e);
        } catch (ExecutionException e) {
            broker.close();
            throw new IOException("broker: " + ErrorText.of(e), e);
        }
    }

    @Override
    public String bootstrapServers() {
        return broker.bootstrapServers();
    }

    @Override
    @SuppressWarnings("BanJNDI") // the address is that of our own child
    public long produceRequests() throws IOException {
        try {
            VirtualMachine process = VirtualMachine.attach(Long.toString(broker.pid()));
            JMXServiceURL address = new JMXServiceURL(process.startLocalManagementAgent());
            process.detach();
            try (JMXConnector connector = JMXConnectorFactory.connect(address)) {
                MBeanServerConnection beans = connector.getMBeanServerConnection();
                long sum = 0;
                for (ObjectName version : beans.queryNames(new ObjectName(PRODUCE), null)) {
                    sum += (Long) beans.getAttribute(version, "Count");
                }
                return sum;
            }
        } catch (AttachNotSupportedException | JMException e) {
            throw new IOException("the broker's metrics: " + ErrorText.of(e), e);
        }
    }

    @Override
    public Path data() {
        return broker.data();
    }

    @Override
    public void close() {
        broker.close();
    }
}
