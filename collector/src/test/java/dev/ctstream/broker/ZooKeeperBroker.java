package dev.ctstream.broker;

import java.io.File;
import java.io.IOException;
import java.lang.reflect.Method;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/**
 * The program of a broker from the time of ZooKeeper: one ZooKeeper and one broker on 127.0.0.1, of the version that is
 * on the class path. Everything of theirs is reached by reflection. It prints its address when records can be produced,
 * and ends with its stdin.
 */
final class ZooKeeperBroker {
    private static final int TICK_MILLIS = 500;

    private ZooKeeperBroker() {}

    /** Arguments: port, data directory, then broker properties as key=value. */
    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[0]);
        Path data = Path.of(arguments[1]);
        int zooKeeperPort = startZooKeeper(data.resolve("zookeeper"));
        Properties properties = properties(port, zooKeeperPort, data.resolve("log"));
        for (String property : java.util.Arrays.asList(arguments).subList(2, arguments.length)) {
            int equals = property.indexOf('=');
            properties.setProperty(property.substring(0, equals), property.substring(equals + 1));
        }
        Class<?> startable = Class.forName("kafka.server.KafkaServerStartable");
        Object broker = startable.getMethod("fromProps", Properties.class).invoke(null, properties);
        startable.getMethod("startup").invoke(broker);
        System.out.println("127.0.0.1:" + port);
        System.out.flush();
        int unused = System.in.read();
        startable.getMethod("shutdown").invoke(broker);
        Runtime.getRuntime().halt(0);
    }

    private static int startZooKeeper(Path data) throws Exception {
        Files.createDirectories(data);
        Class<?> server = Class.forName("org.apache.zookeeper.server.ZooKeeperServer");
        Object zooKeeper = server.getConstructor(File.class, File.class, int.class)
                .newInstance(data.toFile(), data.toFile(), TICK_MILLIS);
        Class<?> factory = Class.forName("org.apache.zookeeper.server.NIOServerCnxnFactory");
        Object connections = factory.getConstructor().newInstance();
        configure(factory)
                .invoke(connections, new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 0), 10);
        factory.getMethod("startup", server).invoke(connections, zooKeeper);
        return (int) factory.getMethod("getLocalPort").invoke(connections);
    }

    private static Method configure(Class<?> factory) throws NoSuchMethodException {
        return factory.getMethod("configure", InetSocketAddress.class, int.class);
    }

    private static Properties properties(int port, int zooKeeperPort, Path log) throws IOException {
        Files.createDirectories(log);
        Properties properties = new Properties();
        properties.setProperty("zookeeper.connect", "127.0.0.1:" + zooKeeperPort);
        properties.setProperty("broker.id", "1");
        properties.setProperty("listeners", "PLAINTEXT://127.0.0.1:" + port);
        properties.setProperty("log.dirs", log.toString());
        properties.setProperty("zookeeper.session.timeout.ms", "2000"); // a killed broker is back at once
        properties.setProperty("auto.create.topics.enable", "false");
        properties.setProperty("group.initial.rebalance.delay.ms", "0");
        properties.setProperty("log.cleaner.dedupe.buffer.size", "2097152");
        properties.setProperty("offsets.topic.replication.factor", "1");
        properties.setProperty("offsets.topic.num.partitions", "1");
        properties.setProperty("transaction.state.log.replication.factor", "1");
        properties.setProperty("transaction.state.log.min.isr", "1");
        properties.setProperty("transaction.state.log.num.partitions", "1");
        return properties;
    }
}
