import java.util.List;
import java.util.Map;
import org.opensearch.common.settings.Settings;
import org.opensearch.http.HttpServerTransport;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.transport.Netty4Plugin;

/**
 * One OpenSearch server on a free port of the loopback interface. Usage: OpenSearch &lt;folder for its data&gt;. It prints
 * its address when it is ready, and ends when its standard input is closed.
 */
public class OpenSearch extends Node {
    OpenSearch(Settings settings) {
        super(
            InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), null, () -> "vigia"),
            List.of(Netty4Plugin.class),
            false
        );
    }

    public static void main(String[] arguments) throws Exception {
        Node node = new OpenSearch(
            Settings.builder()
                .put("path.home", arguments[0])
                .put("cluster.name", "vigia")
                .put("discovery.type", "single-node")
                .put("network.host", "127.0.0.1")
                .put("http.port", "0")
                .put("transport.port", "0")
                .put("cluster.routing.allocation.disk.threshold_enabled", false)
                .build()
        ).start();
        HttpServerTransport http = node.injector().getInstance(HttpServerTransport.class);
        System.out.println("http://127.0.0.1:" + http.boundAddress().publishAddress().getPort());
        while (System.in.read() >= 0) {}
        node.close();
        System.exit(0);
    }
}
