"""What listens where and passes traffic on: gateways, load balancers, Bastion, firewalls."""
