package dev.ctstream.admin;

import dev.ctstream.netlink.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * A process in which several threads, each with sockets of its own, reserve a zone each as soon as stdin ends:
 * {@code ReserveZones NETNS FROM TO THREADS}. Prints {@code ready}, then the zones.
 */
final class ReserveZones {
    private static final long TIMEOUT_SECONDS = 3600;

    private ReserveZones() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path netns = Path.of(arguments[0]);
        ZoneAllocator.Range range =
                new ZoneAllocator.Range(Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]));
        int count = Integer.parseInt(arguments[3]);
        CountDownLatch open = new CountDownLatch(count);
        CountDownLatch go = new CountDownLatch(1);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            threads.add(new Thread(() -> reserve(netns, range, open, go)));
        }
        threads.forEach(Thread::start);
        open.await();
        System.out.println("ready");
        System.in.readAllBytes();
        go.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private static void reserve(Path netns, ZoneAllocator.Range range, CountDownLatch open, CountDownLatch go) {
        try (NetworkNamespace namespace = NetworkNamespace.path(netns);
                Entries entries = Entries.open(namespace)) {
            open.countDown();
            go.await();
            System.out.println(new ZoneAllocator(entries, null).reserve(range, TIMEOUT_SECONDS));
        } catch (IOException | InterruptedException | ZoneAllocator.NoFreeZoneException e) {
            throw new IllegalStateException(e);
        }
    }
}
