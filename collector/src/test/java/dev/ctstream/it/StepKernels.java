package dev.ctstream.it;

import dev.ctstream.conntrack.FakeSocket;
import dev.ctstream.conntrack.FakeTable;
import dev.ctstream.control.SteppedControl;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The namespaces of a {@link StepModel}: their conntrack tables, and the sockets of the run that observes them. */
final class StepKernels {
    private static final int FLOWS = 60;
    private static final int FIRST_ID = 2;
    private static final List<String> OTHERS = List.of("blue", "green");

    /** What has happened in the kernels. */
    enum Deed {
        OVERRUN,
        NAMESPACE_COMES,
        NAMESPACE_GOES,
        DUMP_INTERRUPTED
    }

    private final Set<Deed> deeds = EnumSet.noneOf(Deed.class);
    private final SplittableRandom random;
    private final int socketEvents;
    private final BooleanSupplier dumpsAreInterrupted;
    private final Map<String, Kernel> kernels = new TreeMap<>();
    private int nextIndex;
    private int nextId = FIRST_ID;

    /** A namespace. */
    static final class Kernel {
        final String netns;
        final String netnsId;
        private final FakeTable table = new FakeTable();
        private SteppedControl.@Nullable Namespace observed;

        private Kernel(String netns, String netnsId) {
            this.netns = netns;
            this.netnsId = netnsId;
        }

        SteppedControl.Namespace observed() {
            SteppedControl.Namespace namespace = observed;
            if (namespace == null) {
                throw new IllegalStateException(netns);
            }
            return namespace;
        }

        @Override
        public String toString() {
            return "namespace " + netns + "=" + netnsId;
        }
    }

    /**
     * Has the collector's own namespace.
     *
     * @param socketEvents messages that a socket holds
     * @param dumpsAreInterrupted whether a dump may be interrupted now
     */
    StepKernels(SplittableRandom random, int socketEvents, BooleanSupplier dumpsAreInterrupted) {
        this.random = random;
        this.socketEvents = socketEvents;
        this.dumpsAreInterrupted = dumpsAreInterrupted;
        kernels.put(SteppedCollector.HOST, new Kernel(SteppedCollector.HOST, SteppedCollector.HOST_ID));
    }

    Collection<Kernel> all() {
        return kernels.values();
    }

    /** A new run has sockets in all namespaces. */
    void subscribeAll() {
        nextIndex = 0;
        kernels.values().forEach(this::subscribe);
    }

    private void subscribe(Kernel kernel) {
        FakeSocket socket = new FakeSocket(nextIndex++, kernel.netns, kernel.netnsId, socketEvents);
        kernel.table.socket(socket);
        kernel.observed = new SteppedControl.Namespace(
                socket, kernel.table, () -> dumpsAreInterrupted.getAsBoolean() && interrupts());
    }

    private boolean interrupts() {
        boolean interrupts = random.nextInt(200) == 0;
        if (interrupts) {
            deeds.add(Deed.DUMP_INTERRUPTED);
        }
        return interrupts;
    }

    /** What has happened so far. */
    Set<Deed> deeds() {
        return deeds;
    }

    /** The run that had the sockets is gone. */
    void unsubscribeAll() {
        kernels.values().forEach(kernel -> kernel.table.socket(null));
    }

    /** Flows begin and end. */
    void traffic(long nowNanos) {
        int burst = 1 + random.nextInt(random.nextInt(12) == 0 ? 40 : 3);
        List<Kernel> all = List.copyOf(kernels.values());
        FakeTable table = all.get(random.nextInt(all.size())).table;
        for (int i = 0; i < burst; i++) {
            int flow = random.nextInt(FLOWS);
            if (table.has(flow)) {
                table.end(flow);
            } else {
                table.begin(flow, nowNanos);
            }
        }
    }

    /** All flows end. */
    void calm() {
        kernels.values().forEach(kernel -> kernel.table.endAll());
    }

    /** One of the other namespaces, or null if it is not there now. */
    @Nullable
    Kernel other(String netns) {
        return kernels.get(netns);
    }

    static String otherName(SplittableRandom random) {
        return OTHERS.get(random.nextInt(OTHERS.size()));
    }

    /** Makes a namespace that the run observes. */
    Kernel make(String netns) {
        Kernel made = new Kernel(netns, String.valueOf(nextId++));
        subscribe(made);
        deeds.add(Deed.NAMESPACE_COMES);
        kernels.put(netns, made);
        return made;
    }

    /** Makes the namespaces that are not there, for the next run. */
    void makeOthers() {
        for (String netns : OTHERS) {
            kernels.computeIfAbsent(netns, name -> new Kernel(name, String.valueOf(nextId++)));
        }
    }

    /** A namespace goes. */
    void remove(Kernel kernel) {
        kernels.remove(kernel.netns);
        deeds.add(Deed.NAMESPACE_GOES);
        kernel.table.vanish();
        kernel.table.socket(null);
    }
}
