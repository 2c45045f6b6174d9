"""Writes reference.json: first weights and trainings of PyTorch under one seed (pip install torch).

Run in this folder: python3 make_reference.py. Last made with torch 2.11.0 on a CPU. The modules and data here are those
of the tests that read the file.
"""
import json

import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)


def flat(t):
    return [float(x) for x in t.detach().flatten()]


def weights():
    torch.manual_seed(42)
    layers = {
        "Linear": nn.Linear(3, 2),
        "LinearWithoutBias": nn.Linear(3, 2, bias=False),
        "Conv1d": nn.Conv1d(2, 3, 2),
        "Conv2d": nn.Conv2d(2, 4, 2, groups=2),
        "ConvTranspose2d": nn.ConvTranspose2d(4, 2, 2, groups=2),
        "Embedding": nn.Embedding(3, 2),
        "EmbeddingBag": nn.EmbeddingBag(3, 2),
        "LayerNorm": nn.LayerNorm(3),
        "BatchNorm2d": nn.BatchNorm2d(3),
    }
    out = {}
    for name, layer in layers.items():
        for key, value in layer.state_dict().items():
            if key != "num_batches_tracked":
                out[f"{name}.{key}"] = flat(value)
    return out


def initializers():
    out = {}
    for name, f in {
        "uniform": lambda t: nn.init.uniform_(t, -2, 3),
        "normal": lambda t: nn.init.normal_(t, 1, 2),
        "kaiming fan_in leaky_relu": lambda t: nn.init.kaiming_uniform_(t, a=0.5, mode="fan_in", nonlinearity="leaky_relu"),
        "kaiming fan_out relu": lambda t: nn.init.kaiming_uniform_(t, mode="fan_out", nonlinearity="relu"),
        "kaiming fan_in tanh": lambda t: nn.init.kaiming_uniform_(t, nonlinearity="tanh"),
        "kaiming fan_in selu": lambda t: nn.init.kaiming_uniform_(t, nonlinearity="selu"),
        "kaiming fan_in sigmoid": lambda t: nn.init.kaiming_uniform_(t, nonlinearity="sigmoid"),
        "xavier uniform": lambda t: nn.init.xavier_uniform_(t, 2.0),
        "xavier normal": lambda t: nn.init.xavier_normal_(t, 2.0),
    }.items():
        torch.manual_seed(7)
        t = torch.empty(3, 2, 2, 2)
        f(t)
        out[name] = flat(t)
    return out


def mlp():
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 3))
    x = torch.sin(torch.arange(48, dtype=torch.float32)).reshape(12, 4)
    y = torch.arange(12) % 3
    opt = torch.optim.Adam(net.parameters(), lr=0.01, betas=(0.9, 0.999))
    losses = []
    for _ in range(30):
        loss = F.cross_entropy(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(float(loss))
    return {"losses": losses, "weights": flat(net[2].weight)}


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.up = nn.ConvTranspose2d(4, 2, 2, stride=2)
        self.out = nn.Linear(8, 2)

    def forward(self, x):
        x = F.leaky_relu(self.norm(self.conv(x)), 0.1)
        x = F.relu(self.up(x))
        x = F.max_pool2d(x, 2)
        x = F.adaptive_avg_pool2d(x, 2)
        return F.log_softmax(self.out(torch.flatten(x, 1)), 1)


def conv_net():
    torch.manual_seed(2)
    net = ConvNet()
    x = torch.cos(torch.arange(6 * 64, dtype=torch.float32)).reshape(6, 1, 8, 8)
    y = torch.arange(6) % 2
    opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=0.01, nesterov=True)
    losses = []
    for _ in range(20):
        loss = F.nll_loss(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(float(loss))
    net.eval()
    return {
        "losses": losses,
        "running_mean": flat(net.norm.running_mean),
        "running_var": flat(net.norm.running_var),
        "evaluation": flat(net(x)),
    }


with open("reference.json", "w") as f:
    json.dump({"weights": weights(), "initializers": initializers(), "mlp": mlp(), "conv_net": conv_net()}, f, indent=1)
    f.write("\n")
