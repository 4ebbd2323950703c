package dev.ctstream.conntrack;

import dev.ctstream.netlink.NetlinkException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Events in bursts of random length, in random order of namespaces: some fit into a tiny receive buffer, most do not. */
public final class Overrun {
    private Overrun() {}

    /** Creates this many flows in each namespace, then deletes all of them: a NEW and a DESTROY for each. */
    public static void offer(List<TestNamespace> namespaces, long seed, int flows) throws NetlinkException {
        SplittableRandom random = new SplittableRandom(seed);
        List<FlowMaker> makers = new ArrayList<>();
        try {
            for (TestNamespace namespace : namespaces) {
                makers.add(FlowMaker.in(namespace.handle()));
            }
            int[] created = new int[makers.size()];
            for (int open = makers.size(); open > 0; ) {
                int which = random.nextInt(makers.size());
                int burst = Math.min(random.nextInt(1, random.nextBoolean() ? 20 : 2_000), flows - created[which]);
                makers.get(which).create(created[which], burst, random.nextInt(3), 600);
                created[which] += burst;
                open -= burst > 0 && created[which] == flows ? 1 : 0;
            }
        } finally {
            makers.forEach(FlowMaker::close);
        }
        for (TestNamespace namespace : namespaces) {
            try (ConntrackTable table = ConntrackTable.open(namespace.handle())) {
                table.flush(new Flush.Everything());
            }
        }
    }
}
